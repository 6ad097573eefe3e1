"""Lines of JSON to a strict store over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.logs.parcel import SESSION, Delivered, Failed, Parcel, Refused, Sink, Unit
from agent.logs.records import Style
from agent.logs.stores import make_sink
from tests.fakes.logstore import HANG, LOST, RESET, Reply, Sent, Store
from tests.logs.parcels import LABELS, NOON, parcel

SECONDS = 30.0


@asynccontextmanager
async def opened(store: Store, path: str = "/in", preset: str = "plain") -> AsyncIterator[Sink]:
    sink = make_sink(store.url + path, {}, {}, Style(preset))
    yield sink
    await sink.aclose()


async def deliver(store: Store, *parcels: Parcel, path: str = "/in") -> object:
    outcome: object = None
    async with opened(store, path) as sink:
        for each in parcels:
            outcome = await sink.deliver(each, LABELS, SECONDS)
    return outcome


def objects(sent: Sent) -> list[dict[str, object]]:
    return [json.loads(line) for line in sent.text.splitlines()]


async def test_line_is_one_object_with_all_that_is_known_of_it() -> None:
    data = b"[2025.11.25-12.00.00:000][  0]LogNet: Warning: late\n"
    async with Store() as store, opened(store, preset="unreal") as sink:
        assert sink.unit is Unit.LINES
        assert sink.name == f"{store.url}/in"
        later = Parcel("stderr", 0, data, ((0, NOON + 1_234),))
        assert await sink.deliver(later, LABELS, SECONDS) == Delivered()
    [sent] = store.requests
    assert (sent.method, sent.target) == ("POST", "/in")
    assert sent.headers["content-type"] == "application/x-ndjson"
    assert sent.headers["content-encoding"] == "gzip"
    assert "authorization" not in sent.headers
    assert objects(sent) == [
        {
            SESSION: "23c01225b99d-7f3a",
            "location": "Montréal",
            "time": "2025-11-25T12:00:00.000001234Z",
            "source": "stderr",
            "offset": 0,
            "message": data.decode().rstrip(),
            "level": "warn",
            "category": "LogNet",
        }
    ]


async def test_line_that_is_too_long_comes_whole_in_pieces() -> None:
    """Known losses: fluent-bit stops the file at 32 KiB, vector drops over 100 KiB."""
    data = b"x" * 150_000 + b"\nnext\n"
    async with Store() as store:
        await deliver(store, parcel(data))
    told = objects(store.requests[0])
    assert "".join(str(each["message"]) for each in told) == "x" * 150_000 + "next"
    assert [each.get("truncated", False) for each in told] == [True, True, False, False]
    assert [each.get("continues", False) for each in told] == [False, True, True, False]


async def test_bytes_that_are_no_text_stop_nothing() -> None:
    async with Store() as store, opened(store) as sink:
        odd = parcel(b"a\xffb\n", source="file:\udcff.log")
        assert await sink.deliver(odd, {"name": "\udcfe"}, SECONDS) == Delivered()
    assert objects(store.requests[0])[0]["message"] == "a\ufffdb"
    assert objects(store.requests[0])[0]["source"] == "file:?.log"


async def test_label_never_replaces_a_records_own_field() -> None:
    async with Store() as store, opened(store) as sink:
        await sink.deliver(parcel(b"x\n"), {"message": "label"}, SECONDS)
    assert objects(store.requests[0])[0]["message"] == "x"


@pytest.mark.parametrize(
    ("url", "authorization"),
    [
        ("//me:p%20w@", "Basic bWU6cCB3"),
        ("//", None),
    ],
)
async def test_user_of_the_url_is_authorized(url: str, authorization: str | None) -> None:
    async with Store() as store:
        sink = make_sink(store.url.replace("//", url), {}, {})
        await sink.deliver(parcel(), LABELS, SECONDS)
        await sink.aclose()
    assert store.requests[0].headers.get("authorization") == authorization


async def test_token_headers_are_ours_and_the_rest_is_the_stores() -> None:
    path = "/in?ddsource=x&format=ndjson&token=abcd&header.DD-API-KEY=key-9&service=a%2fb"
    async with Store() as store:
        await deliver(store, parcel(), path=path)
    assert store.requests[0].target == "/in?ddsource=x&service=a%2fb"
    assert store.requests[0].headers["authorization"] == "Bearer abcd"
    assert store.requests[0].headers["dd-api-key"] == "key-9"


async def test_compression_and_size_can_be_chosen() -> None:
    async with Store() as store, opened(store, "/in?compress=none&batch=128KiB") as sink:
        assert sink.most_bytes == 128 * 1024
        await sink.deliver(parcel(), LABELS, SECONDS)
    assert "content-encoding" not in store.requests[0].headers
    assert len(store.requests[0].body.splitlines()) == 2


async def test_acknowledgement_that_was_lost_repeats_the_same_request() -> None:
    async with Store(LOST) as store, opened(store) as sink:
        assert isinstance(await sink.deliver(parcel(), LABELS, SECONDS), Failed)
        changed = {**LABELS, "phase": "stopping"}
        assert await sink.deliver(parcel(), changed, SECONDS) == Delivered()
    first, second = store.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["idempotency-key"] == (
        '"2025/11/25/23c01225b99d-7f3a/stdout-00000000000000-00000000000008"'
    )


async def test_second_parcel_has_another_key() -> None:
    async with Store() as store:
        await deliver(store, parcel(), parcel(start=8))
    assert len({sent.headers["idempotency-key"] for sent in store.requests}) == 2


async def test_store_that_hangs_costs_what_the_deadline_leaves() -> None:
    async with Store(HANG) as store, opened(store) as sink:
        assert await sink.deliver(parcel(), LABELS, 0.2) == Failed("no answer within 0.2 s")


async def test_store_that_hangs_in_the_midst_of_its_answer_costs_no_more() -> None:
    async with Store(Reply(fault="half")) as store, opened(store) as sink:
        assert isinstance(await sink.deliver(parcel(), LABELS, 0.2), Failed)


async def test_reset_is_worth_another_try() -> None:
    async with Store(RESET) as store, opened(store) as sink:
        assert isinstance(await sink.deliver(parcel(), LABELS, SECONDS), Failed)
        assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()


async def test_retry_after_is_honoured() -> None:
    async with Store(Reply(429, (("Retry-After", "3"),))) as store:
        assert await deliver(store, parcel()) == Failed("429", 3.0)


@pytest.mark.parametrize("status", [401, 403, 404, 413])
async def test_fault_of_the_configuration_keeps_the_bytes(status: int) -> None:
    async with Store(Reply(status, body=b"no")) as store:
        outcome = await deliver(store, parcel())
    assert isinstance(outcome, Refused)
    assert outcome.detail.startswith(f"{status} no")


async def test_request_that_is_too_large_is_told_with_the_fix() -> None:
    async with Store(Reply(413)) as store:
        assert await deliver(store, parcel()) == Refused("413; add batch=256KiB to the URL")


async def test_delivery_can_be_cancelled() -> None:
    async with Store(HANG) as store, opened(store) as sink:
        task = asyncio.create_task(sink.deliver(parcel(), LABELS, SECONDS))
        await store.saw(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_ten_thousand_lines_are_one_request() -> None:
    data = b"".join(b"line %05d %s\n" % (number, b"." * 80) for number in range(10_000))
    async with Store() as store:
        assert await deliver(store, parcel(data)) == Delivered()
    [sent] = store.requests
    assert [each["message"] for each in objects(sent)] == data.decode().splitlines()
