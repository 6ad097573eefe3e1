"""The object store's sink against a strict store that can fail in every way."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate

import pytest

from agent import clock
from agent.errors import SettingsError
from agent.logs.attempts import Attempts
from agent.logs.parcel import SESSION, Delivered, Failed, Parcel, Refused, Sink, Unit
from agent.logs.s3 import ObjectStore
from agent.logs.stores import make_sink
from tests.fakes.logstore import HANG, LOST, RESET, Reply, Sent, Store
from tests.logs.parcels import LABELS, NOON, parcel

SECRET = "wJalrXUtnFEMI/K7MDENG"
PAIR = {"AGENT_LOG_AWS_ACCESS_KEY_ID": "AKIA", "AGENT_LOG_AWS_SECRET_ACCESS_KEY": SECRET}
SECONDS = 30.0
NAME = "/logs/games/2025/11/25/23c01225b99d-7f3a/stdout-00000000000000-00000000000008.log.gz"


def error(status: int, code: str, message: str = "told", **headers: str) -> Reply:
    """Answer as S3 does."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Reply(status, named, body.encode())


class Bucket:
    """Takes objects by the rules of PutObject."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def __call__(self, sent: Sent) -> Reply:
        assert sent.method == "PUT"
        assert sent.headers["x-amz-content-sha256"] == hashlib.sha256(sent.body).hexdigest()
        assert "SignedHeaders=content-type;host;" in sent.headers["authorization"]
        if sent.headers.get("if-none-match") == "*" and sent.target in self.objects:
            return error(412, "PreconditionFailed")
        self.objects[sent.target] = sent.text
        return Reply(200, (("ETag", '"x"'),))


@asynccontextmanager
async def opened(
    store: Store, extra: str = "", found: Mapping[str, str] = PAIR
) -> AsyncIterator[Sink]:
    sink = make_sink(f"s3://logs/games?endpoint={store.url}{extra}", found, {})
    yield sink
    await sink.aclose()


def opened_store(sink: Sink) -> ObjectStore:
    assert isinstance(sink, Attempts)
    assert isinstance(sink.store, ObjectStore)
    return sink.store


async def deliver(store: Store, *parcels: Parcel, extra: str = "") -> object:
    """Deliver parcels by one sink; return what came of the last."""
    outcome: object = None
    async with opened(store, extra) as sink:
        for each in parcels:
            outcome = await sink.deliver(each, LABELS, SECONDS)
    return outcome


async def test_parcel_is_one_object_under_the_name_of_its_bytes() -> None:
    bucket = Bucket()
    async with Store(usually=bucket) as store, opened(store) as sink:
        assert sink.unit is Unit.SEGMENT
        assert sink.name == "s3://logs/games"
        assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()
        assert await sink.deliver(parcel(b"x\n", start=8), LABELS, SECONDS) == Delivered()
    assert bucket.objects == {
        NAME: b"one\ntwo\n",
        NAME.replace("00000008.", "00000010.").replace("0000-", "0008-"): b"x\n",
    }


async def test_labels_go_along_as_metadata_as_far_as_they_have_room() -> None:
    async with Store(usually=Bucket()) as store, opened(store) as sink:
        labels = {**LABELS, "Odd Name": "\udcff\n", "big": "x" * 2000, "after": "y"}
        await sink.deliver(parcel(is_tail=True), labels, SECONDS)
    meta = {
        name.removeprefix("x-amz-meta-"): text
        for name, text in store.requests[0].headers.items()
        if name.startswith("x-amz-meta-")
    }
    assert meta == {
        "bytes": "8",
        "first-ns": str(NOON),
        "tail": "1",
        "service-instance-id": "23c01225b99d-7f3a",
        "location": "Montr%C3%A9al",
        "odd-name": "%3F%0A",
    }


async def test_headers_of_the_url_are_sent_and_signed() -> None:
    async with Store(usually=Bucket()) as store:
        await deliver(store, parcel(), extra="&header.x-amz-storage-class=STANDARD_IA")
    assert store.requests[0].headers["x-amz-storage-class"] == "STANDARD_IA"
    assert "x-amz-storage-class," in store.requests[0].headers["authorization"]


async def test_acknowledgement_that_was_lost_doubles_nothing() -> None:
    bucket = Bucket()
    async with Store(LOST, usually=bucket) as store, opened(store) as sink:
        first = await sink.deliver(parcel(), LABELS, SECONDS)
        if isinstance(first, Failed):  # aiohttp itself repeats a PUT on a kept connection
            assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()
    assert list(bucket.objects) == [NAME]
    assert len({sent.body for sent in store.requests}) == 1


async def test_what_is_sent_again_is_compressed_once() -> None:
    async with Store(Reply(503), usually=Bucket()) as store, opened(store) as sink:
        store_of = opened_store(sink)
        await sink.deliver(parcel(), LABELS, SECONDS)
        assert len(store_of._press._kept) == 1
        await sink.deliver(parcel(), LABELS, SECONDS)
        assert store_of._press._kept == {}


async def test_press_keeps_a_bounded_number() -> None:
    async with Store(*[Reply(503)] * 9) as store, opened(store) as sink:
        for start in range(9):
            await sink.deliver(parcel(start=start), LABELS, SECONDS)
        assert len(opened_store(sink)._press._kept) == 4


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_passing_fault_is_worth_another_try(status: int) -> None:
    async with Store(error(status, "SlowDown", "Please reduce")) as store:
        assert await deliver(store, parcel()) == Failed(f"{status} SlowDown: Please reduce")


async def test_retry_after_is_honoured() -> None:
    async with Store(error(503, "SlowDown", retry_after="7")) as store:
        assert await deliver(store, parcel()) == Failed("503 SlowDown: told", 7.0)


@pytest.mark.parametrize(
    ("status", "code"), [(409, "ConditionalRequestConflict"), (400, "RequestTimeout")]
)
async def test_what_passes_by_its_code_is_worth_another_try(status: int, code: str) -> None:
    async with Store(error(status, code)) as store:
        assert await deliver(store, parcel()) == Failed(f"{status} {code}: told")


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (error(403, "AccessDenied"), "403 AccessDenied: told; allow s3:PutObject on the prefix"),
        (error(404, "NoSuchBucket"), "404 NoSuchBucket: told; create the bucket, or correct"),
        (
            error(400, "AuthorizationHeaderMalformed", x_amz_bucket_region="eu-west-1"),
            "400 AuthorizationHeaderMalformed: told; set region=eu-west-1",
        ),
        (error(301, "PermanentRedirect", x_amz_bucket_region="eu-west-1"), "region=eu-west-1"),
        (error(301, "PermanentRedirect"), "301 PermanentRedirect: told; set region= to"),
        (Reply(404, body=b"no such ingress"), "404 no such ingress"),
        (error(405, "MethodNotAllowed"), "405 MethodNotAllowed: told"),
    ],
)
async def test_fault_of_the_configuration_is_told_with_the_fix(reply: Reply, detail: str) -> None:
    async with Store(reply) as store:
        outcome = await deliver(store, parcel())
    assert isinstance(outcome, Refused)
    assert detail in outcome.detail


async def test_answer_that_repeats_the_secret_is_masked() -> None:
    async with Store(error(403, "SignatureDoesNotMatch", f"with {SECRET}")) as store:
        outcome = await deliver(store, parcel())
    assert isinstance(outcome, Refused)
    assert outcome.detail.startswith("403 SignatureDoesNotMatch: with ***")


async def test_store_that_hangs_costs_what_the_deadline_leaves() -> None:
    async with Store(HANG) as store, opened(store) as sink:
        assert await sink.deliver(parcel(), LABELS, 0.2) == Failed("no answer within 0.2 s")


async def test_reset_is_worth_another_try() -> None:
    async with Store(RESET, RESET, RESET) as store:
        assert isinstance(await deliver(store, parcel()), Failed)


async def test_delivery_can_be_cancelled() -> None:
    async with Store(HANG) as store, opened(store) as sink:
        task = asyncio.create_task(sink.deliver(parcel(), LABELS, SECONDS))
        await store.saw(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_closing_sends_nothing_and_waits_for_nobody() -> None:
    """Known losses: cb_s3_exit of Fluent Bit uploads at the exit, outside of any limit.

    Docker's ring waits at its close for a driver that never returns (moby#53143).
    """
    async with Store(HANG) as store, opened(store) as sink:
        task = asyncio.create_task(sink.deliver(parcel(), LABELS, SECONDS))
        await store.saw(1)
        async with asyncio.timeout(10):
            await sink.aclose()
        assert isinstance(await task, Failed)
        assert len(store.requests) == 1


async def test_several_parcels_travel_at_a_time() -> None:
    async with Store(*[HANG] * 4) as store, opened(store) as sink:
        tasks = [
            asyncio.create_task(sink.deliver(parcel(start=start), LABELS, SECONDS))
            for start in range(4)
        ]
        await store.saw(4)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("skew", [-7200.0, 7200.0])
async def test_clock_that_is_wrong_is_corrected_by_the_stores_date(skew: float) -> None:
    bucket, dates = Bucket(), list[str]()

    def usually(sent: Sent) -> Reply:
        dates.append(sent.headers["x-amz-date"])
        day = formatdate(clock.wall() + skew, usegmt=True).split()
        if sent.headers["x-amz-date"][9:11] != day[4][:2]:
            return error(403, "RequestTimeTooSkewed")
        return bucket(sent)

    async with Store(usually=usually) as store:
        store.clock = skew
        assert await deliver(store, parcel(), parcel(b"x\n", start=8)) == Delivered()
    assert len(dates) == 3  # the correction is kept


async def test_refusal_by_a_store_without_a_clock_is_not_repeated() -> None:
    async with Store(error(403, "AccessDenied")) as store:
        store.clock = None
        assert isinstance(await deliver(store, parcel()), Refused)
    assert len(store.requests) == 1


async def test_store_without_conditional_put_is_served_by_the_name_alone() -> None:
    bucket = Bucket()

    def usually(sent: Sent) -> Reply:
        if "if-none-match" in sent.headers:
            return error(501, "NotImplemented")
        return bucket(sent)

    async with Store(usually=usually) as store:
        assert await deliver(store, parcel(), parcel(b"x\n", start=8)) == Delivered()
    assert len(store.requests) == 3
    assert len(bucket.objects) == 2


async def test_conditional_put_can_be_switched_off() -> None:
    async with Store(error(501, "NotImplemented")) as store:
        assert isinstance(await deliver(store, parcel(), extra="&once=0"), Refused)
    assert "if-none-match" not in store.requests[0].headers


async def test_pair_that_stays_is_not_asked_for_anew() -> None:
    async with Store(error(403, "InvalidAccessKeyId")) as store:
        outcome = await deliver(store, parcel())
    assert outcome == Refused("403 InvalidAccessKeyId: told; correct the access key id")


@pytest.mark.parametrize(
    ("url", "found", "target"),
    [
        (
            "s3://games/a/b?region=eu-west-1",
            {},
            ("https://games.s3.eu-west-1.amazonaws.com", "/a/b/"),
        ),
        ("s3://my.games?region=x", {}, ("https://s3.x.amazonaws.com", "/my.games/")),
        ("s3://games?region=x&path_style=1", {}, ("https://s3.x.amazonaws.com", "/games/")),
        ("s3://games/?endpoint=h:9000", {}, ("https://h:9000", "/games/")),
        ("s3://games?endpoint=http://u@h/base/", {}, ("http://h", "/base/games/")),
        ("s3://games?endpoint=http://h&path_style=0", {}, ("http://games.h", "/")),
        (
            "s3://games",
            {"AWS_REGION": "us-west-2"},
            ("https://games.s3.us-west-2.amazonaws.com", "/"),
        ),
        (
            "s3://games",
            {"AWS_REGION": "theirs", "AGENT_LOG_AWS_DEFAULT_REGION": "ours"},
            ("https://games.s3.ours.amazonaws.com", "/"),
        ),
        (
            "s3://games/%C3%BC",
            {"AGENT_LOG_AWS_ENDPOINT_URL": "http://h"},
            ("http://h", "/games/ü/"),
        ),
    ],
)
def test_place_of_the_bucket(url: str, found: dict[str, str], target: tuple[str, str]) -> None:
    sink = make_sink(url, PAIR, found)
    bucket = opened_store(sink).bucket
    assert (bucket.base, bucket.path) == target


@pytest.mark.parametrize(
    ("source", "session", "name"),
    [
        ("file:Saved/Logs/Game.log", "d-b", "d-b/file/Saved/Logs/Game.log"),
        ("file:/abs/../.hidden", "d-b", "d-b/file//abs/=2E./=2Ehidden"),
        ("file:a=b:ü\udcff.log", "d/b", "d=2Fb/file/a=3Db=3A=C3=BC=ED=B3=BF.log"),
        ("stderr", "..", "=2E./stderr"),
        ("stderr", "", f"unnamed-{NOON}/stderr"),
    ],
)
def test_name_is_fit_for_every_store(source: str, session: str, name: str) -> None:
    from agent.logs.objectkey import compose

    made = compose(parcel(source=source), {SESSION: session})
    assert made == f"2025/11/25/{name}-00000000000000-00000000000008.log.gz"


def test_no_credentials_are_said_with_what_to_set() -> None:
    with pytest.raises(SettingsError, match="set AGENT_LOG_AWS_ACCESS_KEY_ID"):
        make_sink("s3://games?region=x", {}, {})
