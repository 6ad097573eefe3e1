"""Sinks tried with one line, as ``arbitrium-agent check --probe`` does."""

import asyncio
import json
from pathlib import Path

import pytest

from agent.checkup import check
from agent.logs.probe import faults, try_all
from agent.screen import Screen
from tests.fakes.logstore import HANG, Reply, Store
from tests.fakes.tls import make_certificate, server_context

SECRET = "k3y-of-the-store"


async def checked(
    capsys: pytest.CaptureFixture[str], sinks: str, *, in_json: bool = False
) -> tuple[int, str]:
    """Run the check beside the store; return its status, what it printed."""
    environ = {"AGENT_GRACE": "30", **({"AGENT_LOG_SINK": sinks} if sinks else {})}
    screen = Screen(colours=False)
    status = await asyncio.to_thread(check, environ, screen, in_json=in_json, probe=True)
    told = capsys.readouterr().out
    assert SECRET not in told
    return status, told


async def test_every_sink_gets_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async with Store() as store:
        sinks = f"{store.url}/in?token={SECRET}, file://{tmp_path}"
        status, told = await checked(capsys, sinks)
    assert status == 0
    assert f"log sinks\n  {store.url}/in  has it after " in told
    assert f"  file://{tmp_path}  has it after " in told
    line = json.loads(store.requests[0].text)
    assert line["message"] == "arbitrium-agent check --probe: this line can be deleted"
    assert line["service.instance.id"].startswith("probe-")
    assert any(path.is_file() for path in tmp_path.rglob("*"))


async def test_sink_that_refuses_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    async with Store(Reply(401, body=f"bad {SECRET}".encode()), Reply()) as store:
        sinks = f"{store.url}/a?token={SECRET}"
        status, told = await checked(capsys, sinks)
        assert status == 78
        assert f"cannot send logs to {store.url}/a: 401 bad ***" in told
        status, told = await checked(capsys, sinks, in_json=True)
    assert status == 0
    [tried] = json.loads(told)["sinks"]
    assert tried["ok"] is True
    assert tried["sink"] == f"{store.url}/a"


FORMS = ["/in", "/v1/logs", "/loki/api/v1/push"]


def sinks_at(url: str) -> dict[str, str]:
    """Return one sink of every kind that goes over the network."""
    whole = (f"{scheme}://account:a2V5@b-1?endpoint={url}" for scheme in ("s3", "az"))
    return {
        "AGENT_LOG_SINK": " ".join(
            [*whole, f"gs://b-2?endpoint={url}", *(url + f for f in FORMS)]
        ),
        "AGENT_LOG_GOOGLE_BEARER_TOKEN": SECRET,
    }


async def details(url: str) -> list[str]:
    tried = await try_all(sinks_at(url), seconds=30)
    assert len(tried) == 6
    assert not any(each.ok for each in tried)
    return [each.detail for each in tried]


async def test_every_kind_of_sink_is_tried() -> None:
    taken = Reply(headers=(("ETag", '"x"'),))
    async with Store(usually=lambda _: taken) as store:
        tried = await try_all(sinks_at(store.url), seconds=60)
    assert all(each.ok for each in tried), tried
    assert len({sent.target for sent in store.requests}) == 6


async def test_name_that_cannot_be_resolved_is_told() -> None:
    for detail in await details("http://no-such-store.invalid"):
        assert "no-such-store.invalid" in detail or "failed to lookup address" in detail


async def test_port_that_nobody_listens_on_is_told() -> None:
    async with Store() as store:
        pass
    for detail in await details(store.url):
        assert "Connection refused" in detail


async def test_certificate_that_nobody_trusts_is_told_with_the_fix(tmp_path: Path) -> None:
    async with Store(tls=server_context(make_certificate(tmp_path))) as store:
        found = await details(store.url)
        assert store.requests == []
    for detail in found:
        assert "certificate" in detail
        assert "install ca-certificates" in detail


async def test_plain_server_behind_https_is_told() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        tried = await try_all({"AGENT_LOG_SINK": f"https://127.0.0.1:{port}/"}, seconds=60)
    assert "cannot speak TLS with 127.0.0.1:" in tried[0].detail
    assert tried[0].detail.endswith("; is it http://?")


@pytest.mark.parametrize(
    ("status", "code", "fix"),
    [
        (404, "NoSuchBucket", "; create the bucket, or correct its name"),
        (301, "PermanentRedirect", "; set region=eu-west-1"),
        (403, "InvalidAccessKeyId", "; correct the access key id"),
        (403, "SignatureDoesNotMatch", "; correct the secret access key"),
        (403, "AccessDenied", "; allow s3:PutObject on the prefix"),
        (403, "RequestTimeTooSkewed", "; correct the machine's clock"),
    ],
)
async def test_refusal_of_a_bucket_is_told_with_the_fix(status: int, code: str, fix: str) -> None:
    headers = (("x-amz-bucket-region", "eu-west-1"),)
    reply = Reply(status, headers, f"<Error><Code>{code}</Code></Error>".encode())
    async with Store(reply) as store:
        url = f"s3://key:{SECRET}@bucket?endpoint={store.url}"
        (tried,) = await try_all({"AGENT_LOG_SINK": url}, seconds=30)
    assert (tried.ok, tried.sink) == (False, "s3://bucket")
    assert tried.detail.endswith(fix)


async def test_sink_that_cannot_be_used_is_told_once_with_or_without_the_probe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, told = await checked(capsys, "s3://bucket?regoin=x")
    assert status == 78
    assert told.count("did you mean region?") == 1
    assert "no log sink was tried" not in told
    assert len(faults({"AGENT_LOG_SINK": "s3://bucket?regoin=x https://h"})) == 1


async def test_no_sink_is_told_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = await checked(capsys, "")
    assert status == 0
    assert "no log sink was tried: AGENT_LOG_SINK is not here" in told


async def test_sink_that_hangs_or_throws_away_is_not_fine() -> None:
    rejected = Reply(body=b'{"partialSuccess": {"rejectedLogRecords": 1}}')
    async with Store(HANG) as hanging, Store(rejected) as picky:
        environ = {"AGENT_LOG_SINK": f"{hanging.url} {picky.url}/v1/logs"}
        first, second = await try_all(environ, seconds=0.3)
    assert (first.ok, first.detail) == (False, "no answer within 0.3 s")
    assert (second.ok, second.detail) == (False, "it takes requests, but threw our line away")
