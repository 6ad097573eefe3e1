"""What others lose at a sink, a test each; named after where it was reported.

Those that need more of the agent than a sink: test_stops (loki#6533, alloy#4509, vector#9739,
vector#18133, fluent-bit#4093, containers-roadmap#579), test_courier (vector#11405, vector#25774,
fluent-bit#1496, fluent-bit#5960, otel#5902, otel#15677), test_lives (vector#19600), test_folder
(moby#53143, GameLift), core/test_stopping (fluent-bit PR#4355).
"""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent import clock
from agent.logs.parcel import Delivered, Failed, Refused, Sink
from agent.logs.stores import make_sink
from tests.fakes.cloudrules import KEY, TOKEN
from tests.fakes.logstore import HANG, LOST, RESET, Reply, Sent, Store
from tests.logs.parcels import LABELS, parcel
from tests.logs.spools import Filled
from tests.logs.test_courier import Sink as Scripted
from tests.logs.test_courier import shipping

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
FOUND = {
    "AGENT_LOG_AWS_ACCESS_KEY_ID": "AKIA",
    "AGENT_LOG_AWS_SECRET_ACCESS_KEY": "aws-secret",
    "AGENT_LOG_GOOGLE_BEARER_TOKEN": TOKEN,
    "AGENT_LOG_AZURE_STORAGE_ACCOUNT_NAME": "games",
    "AGENT_LOG_AZURE_STORAGE_ACCOUNT_KEY": KEY,
}
KINDS = ["s3", "gs", "az", "ndjson", "otlp", "loki"]


def sink_of(kind: str, url: str) -> Sink:
    urls = {
        "ndjson": f"{url}/in",
        "otlp": f"{url}/v1/logs",
        "loki": f"{url}/loki/api/v1/push",
    }
    return make_sink(urls.get(kind, f"{kind}://logs?endpoint={url}"), FOUND, {})


def taken(_: Sent) -> Reply:
    return Reply(headers=(("ETag", '"x"'),))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


async def until_delivered(sink: Sink) -> int:
    """Send one parcel until it is there; return how many attempts that took."""
    for count in range(1, 20):
        if await sink.deliver(parcel(), LABELS, SECONDS) == Delivered():
            return count
    raise AssertionError(sink.name)


async def test_loki_915_outage_of_a_moment_costs_no_line(kind: str) -> None:
    script = [RESET, Reply(503), RESET, Reply(502), Reply(429, (("Retry-After", "1"),))]
    async with Store(*script, usually=taken) as store:
        sink = sink_of(kind, store.url)
        assert await until_delivered(sink) >= 3
        await sink.aclose()
    assert len({sent.body for sent in store.requests}) == 1  # the same bytes each time
    assert len({sent.target for sent in store.requests}) == 1


async def test_loki_11593_not_found_from_an_ingress_keeps_the_lines(kind: str) -> None:
    async with Store(Reply(404, body=b"404 page not found"), usually=taken) as store:
        sink = sink_of(kind, store.url)
        assert isinstance(await sink.deliver(parcel(), LABELS, SECONDS), Refused)
        assert await until_delivered(sink) == 1
        await sink.aclose()


async def test_opentelemetry_python_5460_too_many_requests_is_no_end(kind: str) -> None:
    async with Store(Reply(429, (("Retry-After", "7"),)), usually=taken) as store:
        sink = sink_of(kind, store.url)
        outcome = await sink.deliver(parcel(), LABELS, SECONDS)
        assert isinstance(outcome, Failed)
        if kind not in {"gs", "az"}:  # obstore does not tell it; then our own pauses hold
            assert outcome.after == 7.0
        assert await until_delivered(sink) == 1
        await sink.aclose()


async def test_fluent_bit_cb_s3_exit_closing_uploads_nothing_outside_any_limit(kind: str) -> None:
    async with Store(HANG, usually=taken) as store:
        sink = sink_of(kind, store.url)
        assert isinstance(await sink.deliver(parcel(), LABELS, 0.5), Failed)
        before = len(store.requests)
        async with asyncio.timeout(20):
            await sink.aclose()
        assert len(store.requests) == before


@pytest.mark.parametrize("kind", ["s3", "gs", "az"])
async def test_fluent_bit_4093_object_that_was_lost_on_the_way_back_is_not_doubled(
    kind: str,
) -> None:
    async with Store(LOST, usually=taken) as store:
        sink = sink_of(kind, store.url)
        await until_delivered(sink)
        await sink.aclose()
    assert len({urlsplit(sent.target).path for sent in store.requests}) == 1
    for sent in store.requests:
        condition = {"if-none-match": "*", "x-goog-if-generation-match": "0"}
        assert condition.items() & sent.headers.items()


async def test_boto3_4400_object_is_sent_whole_as_every_store_takes_it() -> None:
    """Checksum trailers in ``aws-chunked`` were refused by stores that are no AWS."""
    async with Store(usually=taken) as store:
        sink = sink_of("s3", store.url)
        assert await until_delivered(sink) == 1
        await sink.aclose()
    (sent,) = store.requests
    assert sent.headers["content-length"] == str(len(sent.body))
    assert re.fullmatch("[0-9a-f]{64}", sent.headers["x-amz-content-sha256"])
    assert not sent.headers.keys() & {"transfer-encoding", "content-encoding", "x-amz-trailer"}


EXITS = """
import asyncio, json, os, sys
from agent.logs.stores import make_sink
from tests.logs.parcels import LABELS, parcel
sink = make_sink(sys.argv[1], json.loads(sys.argv[2]), {})
print(asyncio.run(sink.deliver(parcel(), LABELS, 0.5)))
"""


@pytest.mark.parametrize("kind", ["s3", "gs"])
async def test_boto3_and_minio_upload_that_was_cancelled_does_not_hold_the_exit(kind: str) -> None:
    """Their threads are joined at the end: 17 and 19 seconds, measured (logs, section 2)."""
    async with Store(*[HANG] * 9) as store:
        begun_at = clock.now()
        done = await asyncio.to_thread(
            subprocess.run,
            [
                sys.executable,
                "-c",
                EXITS,
                f"{kind}://logs?endpoint={store.url}",
                json.dumps(FOUND),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        took = clock.now() - begun_at
    assert done.stdout == "Failed(detail='no answer within 0.5 s', after=None)\n"
    assert took < 15, "an interpreter's start with half a second"


async def test_fluent_bit_9952_segments_whose_turn_never_came_are_sent_at_the_stop(
    tmp_path: Path,
) -> None:
    """Chunks without a task were forgotten, inputs were paused after a second."""
    filled, sink = Filled(tmp_path), Scripted(Failed("busy", after=3600.0))
    for number in range(20):
        filled.write(b"%d\n" % number, seal=True)
    async with shipping(filled, sink) as (shipper, _, posted):
        await sink.has(1, tried=True)
        assert sink.got == []
        filled.write(b"written meanwhile\n")
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0)
        await posted.wait()
    sent = b"".join(each.data for each in sorted(sink.got, key=lambda each: each.start))
    assert sent == b"".join(b"%d\n" % number for number in range(20)) + b"written meanwhile\n"
