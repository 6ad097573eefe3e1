"""Logs as OpenTelemetry records, its document taken at its word."""

import json

import pytest

from agent.logs.attempts import Attempts
from agent.logs.lines import MOST_BYTES
from agent.logs.parcel import Delivered, Failed, Outcome, Refused
from agent.logs.push import Push
from agent.logs.records import Style
from agent.logs.stores import make_sink
from tests.fakes.logstore import HANG, RESET, Reply, Store
from tests.fakes.otlprules import Receiver
from tests.logs.parcels import LABELS, NOON, parcel


def open_push(url: str, style: Style | None = None) -> Attempts:
    sink = make_sink(url, {}, {}, style or Style())
    assert isinstance(sink, Attempts)
    assert isinstance(sink.store, Push)
    return sink


async def push(
    store: Store, data: bytes = b"x\n", source: str = "stdout", style: Style | None = None
) -> Outcome:
    sink = open_push(f"{store.url}?format=otlp", style)
    try:
        return await sink.deliver(parcel(data, source), LABELS, 20)
    finally:
        await sink.aclose()


async def test_records_arrive_as_the_protocol_has_them() -> None:
    receiver = Receiver()
    async with Store(usually=receiver.answer) as store:
        data = b"LogNet: Warning: late\nloose words\n"
        assert await push(store, data, style=Style(preset="unreal")) == Delivered()
        (sent,) = store.requests
        assert sent.headers["content-encoding"] == "gzip"
    (export,) = receiver.exports
    resource = export.resource_logs[0].resource
    assert {each.key: each.value.string_value for each in resource.attributes} == {
        "service.name": "game-server",
        **LABELS,
    }
    assert export.resource_logs[0].scope_logs[0].scope.name == "arbitrium-agent"
    (record,) = receiver.records
    assert record.time_unix_nano == str(NOON)
    assert record.body.string_value == "LogNet: Warning: late\nloose words"
    assert (record.severity_number, record.severity_text) == (13, "WARN")
    assert record.named == {
        "log.iostream": "stdout",
        "log.source": "stdout",
        "log.record.uid": "stdout:0",
        "log.category": "LogNet",
    }


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("stderr", {"log.iostream": "stderr", "log.source": "stderr"}),
        ("agent", {"log.iostream": "stderr", "log.source": "agent"}),
        ("file:Logs/Game.log", {"log.file.name": "Logs/Game.log"}),
    ],
)
async def test_source_is_told_by_the_conventions(source: str, origin: dict[str, str]) -> None:
    receiver = Receiver()
    async with Store(usually=receiver.answer) as store:
        await push(store, source=source)
    (record,) = receiver.records
    assert record.named == {**origin, "log.record.uid": f"{source}:0"}
    assert (record.severity_number, record.severity_text) == (0, "")


async def test_parts_of_a_long_line_say_so() -> None:
    receiver = Receiver()
    async with Store(usually=receiver.answer) as store:
        await push(store, b"x" * (MOST_BYTES + 1))
    first, second = receiver.records
    assert (first.named["log.truncated"], second.named["log.continuation"]) == ("true", "true")


async def test_bytes_that_are_no_utf_8_are_replaced_and_counted() -> None:
    receiver = Receiver()
    async with Store(usually=receiver.answer) as store:
        sink = open_push(f"{store.url}?format=otlp")
        labels = {"stray": "\udcff"}
        assert await sink.deliver(parcel(b"caf\xe9\n"), labels, 20) == Delivered()
        await sink.aclose()
    assert receiver.records[0].body.string_value == "caf�"
    assert sink.counters()["replaced"] == 1


@pytest.mark.parametrize(
    ("body", "rejected"),
    [
        (b"", 0),
        (b"{}", 0),
        (b'{"partialSuccess": {}}', 0),
        (b'{"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "old"}}', 2),
        (b'{"partialSuccess": {"rejectedLogRecords": 1}}', 1),
        (b'{"partialSuccess": {"rejectedLogRecords": "99"}}', 3),
        (b'{"partialSuccess": {"rejectedLogRecords": "-1"}}', 0),
        (b'{"partialSuccess": {"rejectedLogRecords": "many"}}', 0),
        (b'{"partialSuccess": null}', 0),
        (b"\xff not JSON", 0),
    ],
)
async def test_partial_success_is_counted(body: bytes, rejected: int) -> None:
    async with Store(Reply(200, body=body)) as store:
        assert await push(store, b"a\nb\nc\n") == Delivered(rejected)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_opentelemetry_python_pr_5460_what_passes_is_retried(status: int) -> None:
    """Its exporter took 429 for permanent, ignored Retry-After."""
    async with Store(Reply(status, (("retry-after", "3"),), b"later")) as store:
        assert await push(store) == Failed(f"{status} later", 3.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 500, 501])
async def test_every_other_answer_keeps_the_bytes(status: int) -> None:
    async with Store(Reply(status, (("retry-after", "3"),), b"no")) as store:
        assert await push(store) == Refused(f"{status} no")


async def test_web_page_is_no_receiver() -> None:
    page = Reply(200, (("content-type", "text/html; charset=utf-8"),), b"<html>Welcome")
    async with Store(page) as store:
        outcome = await push(store)
    assert isinstance(outcome, Refused)
    assert "a web page answers there" in outcome.detail


async def test_redirect_is_not_followed() -> None:
    async with Store(Reply(302, (("location", "/elsewhere"),))) as store:
        assert isinstance(await push(store), Refused)
        assert len(store.requests) == 1


async def test_collector_that_hangs_costs_the_attempt_its_time_no_more() -> None:
    """alloy#4509, loki#6533: the stop hangs while the sink is down."""
    async with Store(HANG) as store:
        sink = open_push(f"{store.url}?format=otlp")
        assert await sink.deliver(parcel(), LABELS, 0.05) == Failed("no answer within 0.05 s")
        await sink.aclose()


async def test_otel_15677_batch_of_a_failed_attempt_is_there_for_the_next() -> None:
    """Items were deleted because the last attempt at shutdown failed."""
    receiver = Receiver()
    async with Store(RESET, RESET, usually=receiver.answer) as store:
        sink = open_push(f"{store.url}?format=otlp")
        outcomes = [await sink.deliver(parcel(), LABELS, 20) for _ in range(3)]
        await sink.aclose()
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed, Delivered]
    assert [record.body.string_value for record in receiver.records] == ["one", "two"]
    assert sink.counters()["records"] == 2


async def test_parcel_without_bytes_needs_no_request() -> None:
    async with Store() as store:
        assert await push(store, b"") == Delivered()
        assert store.requests == []


async def test_address_token_and_query_are_used_as_given() -> None:
    async with Store() as store:
        sink = open_push(f"{store.url}/otlp/v1/logs?format=otlp&token=t0ken&team=7")
        await sink.deliver(parcel(), LABELS, 20)
        await sink.aclose()
        (sent,) = store.requests
    assert sent.target == "/otlp/v1/logs?team=7"
    assert sent.headers["authorization"] == "Bearer t0ken"
    assert json.loads(sent.text)
    assert "t0ken" not in sink.name
