"""Who signs: pairs that stay, pairs that STS or the container's endpoint lends."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from agent import clock, journal
from agent.errors import SettingsError
from agent.logs import credentials, lenders
from agent.logs.credentials import Keys, find
from agent.logs.parcel import Delivered, Failed, Refused
from agent.logs.sigv4 import Credentials
from agent.logs.stores import make_sink
from tests.fakes.logstore import HANG, RESET, Reply, Sent, Store
from tests.logs.parcels import LABELS, parcel

HOUR = 3600.0


def stamp(seconds: float) -> str:
    """Return the time so far from now as AWS writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock.wall() + seconds))


def lent_by_sts(number: int = 1, seconds: float = HOUR) -> Reply:
    body = (
        "<AssumeRoleWithWebIdentityResponse><Credentials>"
        f"<AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>lent-secret</SecretAccessKey>"
        f"<SessionToken>lent-token</SessionToken><Expiration>{stamp(seconds)}</Expiration>"
        "</Credentials></AssumeRoleWithWebIdentityResponse>"
    )
    return Reply(body=body.encode())


def lent_by_container(number: int = 1, seconds: float = HOUR) -> Reply:
    body = (
        f'{{"AccessKeyId": "ASIA{number}", "SecretAccessKey": "lent-secret", '
        f'"Token": "lent-token", "Expiration": "{stamp(seconds)}"}}'
    )
    return Reply(body=body.encode())


def lent(number: int = 1) -> Credentials:
    return Credentials(f"ASIA{number}", "lent-secret", "lent-token")


@pytest.fixture
def identity(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "token").write_text("web-token-1\n")
    return {
        "AGENT_LOG_AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
        "AGENT_LOG_AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
    }


@asynccontextmanager
async def keys(found: Mapping[str, str]) -> AsyncIterator[Keys]:
    made = find("", "", "eu-west-1", found)
    yield made
    await made.aclose()


def asking(lender: Store) -> AbstractAsyncContextManager[Keys]:
    return keys({"AWS_CONTAINER_CREDENTIALS_FULL_URI": lender.url})


@pytest.mark.parametrize(
    ("found", "pair"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": " b ", "AWS_SESSION_TOKEN": "c"},
            Credentials("a", "b", "c"),
        ),
        (
            {
                "AWS_ACCESS_KEY_ID": "the",
                "AWS_SECRET_ACCESS_KEY": "game's",
                "AGENT_LOG_AWS_ACCESS_KEY_ID": "ours",
                "AGENT_LOG_AWS_SECRET_ACCESS_KEY": "too",
            },
            Credentials("ours", "too"),
        ),
    ],
    ids=["theirs", "ours first"],
)
async def test_pair_of_the_variables_is_taken(found: dict[str, str], pair: Credentials) -> None:
    async with keys(found) as made:
        assert await made.current() == pair
        assert not made.forget()


async def test_pair_of_the_url_comes_first() -> None:
    found = {"AGENT_LOG_AWS_ACCESS_KEY_ID": "x", "AGENT_LOG_AWS_SECRET_ACCESS_KEY": "y"}
    assert await find("u", "pass-word-7", "r", found).current() == Credentials("u", "pass-word-7")
    assert journal.masked("pass-word-7") == "***"


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ({"AWS_ACCESS_KEY_ID": "a"}, r"AWS_\* lacks the secret access key"),
        ({"AGENT_LOG_AWS_SECRET_ACCESS_KEY": "b"}, r"AGENT_LOG_AWS_\* lacks the access key id"),
        ({"AWS_ACCESS_KEY_ID": " "}, "no credentials; set AGENT_LOG_AWS_ACCESS_KEY_ID"),
        ({"AWS_ROLE_ARN": "alone"}, "no credentials"),
        ({"AWS_SECRET_ACCESS_KEY": "\udcff"}, "cannot use AWS_SECRET_ACCESS_KEY: "),
    ],
)
def test_half_a_pair_is_refused(found: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        find("", "", "r", found)


async def test_web_identity_is_exchanged_for_a_pair(identity: dict[str, str]) -> None:
    async with Store(lent_by_sts()) as sts:
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = f"{sts.url}/"
        async with keys(identity) as made:
            assert await made.current() == lent()
            assert await made.current() == lent()
    [sent] = sts.requests  # the second time it is at hand
    assert sent.method == "POST"
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(sent.body.decode()) == {
        "Action": ["AssumeRoleWithWebIdentity"],
        "Version": ["2011-06-15"],
        "RoleArn": ["arn:aws:iam::1:role/x"],
        "RoleSessionName": ["arbitrium-agent"],
        "WebIdentityToken": ["web-token-1"],
    }
    assert journal.masked("web-token-1 lent-secret lent-token") == "*** *** ***"


async def test_several_uploads_ask_once(identity: dict[str, str]) -> None:
    async with Store(usually=lambda _: lent_by_sts()) as sts:
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = sts.url
        async with keys(identity) as made:
            got = await asyncio.gather(*(made.current() for _ in range(5)))
        assert got == [lent()] * 5
        assert len(sts.requests) == 1


async def test_pair_is_renewed_before_it_ends_with_the_token_of_that_day(
    identity: dict[str, str],
) -> None:
    nearly = credentials.RENEWAL_SECONDS - 10
    async with Store(lent_by_sts(1, nearly), lent_by_sts(2)) as sts:
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = sts.url
        async with keys(identity) as made:
            assert await made.current() == lent(1)
            Path(identity["AGENT_LOG_AWS_WEB_IDENTITY_TOKEN_FILE"]).write_text("web-token-2")
            assert await made.current() == lent(2)
    assert parse_qs(sts.requests[1].body.decode())["WebIdentityToken"] == ["web-token-2"]


@pytest.mark.parametrize("trouble", [Reply(503), RESET, HANG], ids=["503", "reset", "hang"])
async def test_lenders_outage_is_no_trouble_while_the_old_pair_holds(
    identity: dict[str, str], trouble: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_PATIENCE_SECONDS", 0.1)
    async with Store(lent_by_sts(1, credentials.RENEWAL_SECONDS - 10), trouble) as sts:
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = sts.url
        async with keys(identity) as made:
            for _ in range(4):
                assert await made.current() == lent(1)
        assert len(sts.requests) == 2  # one loan, one renewal that failed


async def test_pair_that_has_ended_is_not_used(identity: dict[str, str]) -> None:
    async with Store(lent_by_sts(1, -5), Reply(503)) as sts:
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = sts.url
        async with keys(identity) as made:
            await made.current()
            assert await made.current() == Failed("STS lends no credentials: 503")


async def test_time_that_a_pair_holds_is_counted_by_the_lenders_clock(
    identity: dict[str, str],
) -> None:
    """Ours may be hours off: the pair would be thought to have ended at once."""
    async with Store(lent_by_sts(1, HOUR - 7200), lent_by_sts(2)) as sts:
        sts.clock = -7200.0
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = sts.url
        async with keys(identity) as made:
            assert await made.current() == await made.current() == lent(1)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ExpiredTokenException", Refused),
        (400, "IDPCommunicationError", Failed),
        (403, "AccessDenied", Refused),
        (429, "Throttling", Failed),
    ],
)
async def test_refusal_of_sts_is_told(
    identity: dict[str, str], status: int, code: str, kind: type[Failed | Refused]
) -> None:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>told</Message></Error>"
    async with Store(Reply(status, body=body.encode())) as sts:
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = sts.url
        async with keys(identity) as made:
            got = await made.current()
    assert isinstance(got, kind)
    assert got.detail == f"STS lends no credentials: {status} {code} told"


async def test_answer_without_a_pair_is_worth_another_try(identity: dict[str, str]) -> None:
    async with Store(Reply(body=b"<html>")) as sts:
        identity["AGENT_LOG_AWS_ENDPOINT_URL_STS"] = sts.url
        async with keys(identity) as made:
            assert await made.current() == Failed("STS answers without credentials")


async def test_token_file_that_cannot_be_read_is_told(identity: dict[str, str]) -> None:
    file = Path(identity["AGENT_LOG_AWS_WEB_IDENTITY_TOKEN_FILE"])
    async with keys(identity) as made:
        file.write_bytes(b"\xff")
        assert await made.current() == Refused(
            "cannot read the token file: it is no text; mount the right one"
        )
        file.unlink()
        assert await made.current() == Refused(
            "cannot read the token file: No such file or directory; is it mounted?"
        )


async def test_containers_endpoint_lends_to_whoever_has_its_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("pod-token\n")
    async with Store(lent_by_container(1), lent_by_container(2)) as lender:
        found = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{lender.url}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "unused",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token"),
        }
        async with keys(found) as made:
            assert await made.current() == lent(1)
            assert made.forget()
            assert not made.forget()
            assert await made.current() == lent(2)
    assert [(sent.method, sent.target) for sent in lender.requests] == [
        ("GET", "/v1/credentials")
    ] * 2
    assert lender.requests[0].headers["authorization"] == "pod-token"


@pytest.mark.parametrize(
    ("reply", "got"),
    [
        (Reply(body=b"{"), Failed("the container's endpoint answers without credentials")),
        (Reply(body=b"\xff"), Failed("the container's endpoint answers without credentials")),
        (Reply(404), Refused("the container's endpoint lends no credentials: 404")),
        (Reply(500), Failed("the container's endpoint lends no credentials: 500")),
        (
            Reply(body=b'{"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c"}'),
            Credentials("a", "b", "c"),
        ),
    ],
)
async def test_what_the_containers_endpoint_answers_is_judged(reply: Reply, got: object) -> None:
    async with Store(reply) as lender, asking(lender) as made:
        assert await made.current() == got
    assert "authorization" not in lender.requests[0].headers


async def test_trouble_on_the_way_to_a_lender_is_worth_another_try() -> None:
    async with Store(RESET, RESET) as lender, asking(lender) as made:
        assert isinstance(await made.current(), Failed)


async def test_token_of_the_container_that_is_missing_is_told(tmp_path: Path) -> None:
    found = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "none"),
    }
    async with keys(found) as made:
        assert isinstance(await made.current(), Refused)


async def test_containers_relative_address_is_the_one_of_ecs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Store(lent_by_container()) as lender:
        monkeypatch.setattr(lenders, "ECS", lender.url)
        async with keys({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"}) as made:
            assert await made.current() == lent()
    assert lender.requests[0].target == "/v2/x"


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://127.0.0.1/", "http://[::1", "x"])
def test_token_is_never_sent_in_clear_text_over_the_network(url: str) -> None:
    with pytest.raises(SettingsError, match="neither https nor a local address"):
        find("", "", "r", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})


@pytest.mark.parametrize("url", ["https://example.com/x", "http://[fd00:ec2::23]/v1/credentials"])
def test_safe_endpoint_is_taken(url: str) -> None:
    find("", "", "r", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})


class Instance:
    """Metadata of an EC2 instance, version 2 alone."""

    def __init__(self, role: str = "game-role") -> None:
        self.role = role

    def __call__(self, sent: Sent) -> Reply:
        if (sent.method, sent.target) == ("PUT", "/latest/api/token"):
            assert sent.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            return Reply(body=b"imds-token==")
        if sent.headers.get("x-aws-ec2-metadata-token") != "imds-token==":
            return Reply(401)
        roles = "/latest/meta-data/iam/security-credentials/"
        if sent.target == roles:
            return Reply(body=self.role.encode()) if self.role else Reply(404)
        return lent_by_container() if sent.target == roles + self.role else Reply(404)


def on_instance(store: Store) -> Keys:
    found = {"AGENT_LOG_AWS_EC2_METADATA_SERVICE_ENDPOINT": store.url}
    return find("", "", "x", found, "instance")


async def test_role_of_the_instance_is_lent_by_version_two_alone() -> None:
    async with Store(usually=Instance()) as store:
        held = on_instance(store)
        assert [await held.current() for _ in range(2)] == [lent(), lent()]
        await held.aclose()
        assert len(store.requests) == 3


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(403), "is switched off: 403; allow its endpoint"),
        (Reply(404), "knows no role; attach one to the instance"),
        (Reply(500, body=b"oops"), "answers 500 oops"),
    ],
)
async def test_instance_that_lends_nothing_says_why(reply: Reply, told: str) -> None:
    async with Store(reply, usually=Instance()) as store:
        held = on_instance(store)
        got = await held.current()
        await held.aclose()
    assert isinstance(got, Failed | Refused)
    assert got.detail == f"the instance's metadata {told}"


async def test_instance_without_a_role_says_so() -> None:
    async with Store(usually=Instance(role="")) as store:
        held = on_instance(store)
        assert await held.current() == Refused(
            "the instance's metadata knows no role; attach one to the instance"
        )
        await held.aclose()


async def test_token_that_is_stopped_by_the_hop_limit_costs_a_second() -> None:
    """The answer to PUT has a time to live of 1: behind a bridge it never arrives."""
    async with Store(HANG) as store:
        held = on_instance(store)
        async with asyncio.timeout(20):
            got = await held.current()
        await held.aclose()
    assert isinstance(got, Failed)
    assert "set its hop limit to 2" in got.detail


async def test_connection_that_breaks_in_the_midst_of_the_questions_is_told() -> None:
    script = [Reply(body=b"imds-token=="), Reply(body=b"game-role"), *[RESET] * 3]
    async with Store(*script) as store:
        held = on_instance(store)
        assert isinstance(await held.current(), Failed)
        await held.aclose()


@pytest.mark.parametrize(
    ("found", "source", "fix"),
    [
        ({"AWS_EC2_METADATA_DISABLED": "true"}, "instance", "AWS_EC2_METADATA_DISABLED is true"),
        (
            {"AGENT_LOG_AWS_EC2_METADATA_DISABLED": "true"},
            "instance",
            "AGENT_LOG_AWS_EC2_METADATA_DISABLED is true; unset it",
        ),
        ({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://evil"}, "instance", "nor a local address"),
        ({}, "role", "write instance, or leave it out"),
    ],
)
def test_instance_that_must_not_be_asked_is_refused(
    found: dict[str, str], source: str, fix: str
) -> None:
    with pytest.raises(SettingsError, match=fix):
        find("", "", "x", found, source)


async def test_instance_is_not_asked_where_nobody_wants_it() -> None:
    """Who is on no instance would wait for an answer that never comes."""
    async with Store() as store:
        found = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": store.url}
        with pytest.raises(SettingsError, match="add credentials=instance"):
            find("", "", "x", found)
    assert store.requests == []


async def test_pair_that_the_store_no_longer_knows_is_asked_for_anew() -> None:
    def usually(sent: Sent) -> Reply:
        if "Credential=ASIA2/" in sent.headers["authorization"]:
            return Reply()
        return Reply(400, body=b"<Error><Code>ExpiredToken</Code></Error>")

    async with Store(lent_by_container(1), lent_by_container(2)) as lender:
        async with Store(usually=usually) as store:
            found = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": lender.url}
            sink = make_sink(f"s3://logs?endpoint={store.url}", found, {})
            assert await sink.deliver(parcel(), LABELS, 30.0) == Delivered()
            await sink.aclose()
        assert [sent.headers["x-amz-security-token"] for sent in store.requests] == [
            "lent-token"
        ] * 2


async def test_trouble_of_a_lender_is_the_uploads_outcome() -> None:
    async with Store(Reply(403)) as lender, Store() as store:
        found = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": lender.url}
        sink = make_sink(f"s3://logs?endpoint={store.url}", found, {})
        outcome = await sink.deliver(parcel(), LABELS, 30.0)
        await sink.aclose()
        assert store.requests == []
    assert outcome == Refused("the container's endpoint lends no credentials: 403")
