"""One sink is supplied, whatever it says; PID 1 is played by the test."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent import clock
from agent.core.events import Event, LogsShipped
from agent.logs.parcel import Delivered, Failed, Outcome, Parcel, Refused, Unit
from agent.logs.shipper import Shipper

from .spools import LABELS, Filled

GUARD_SECONDS = 20.0


class Sink:
    """Answers by a script, then takes everything."""

    def __init__(
        self, *script: Outcome, unit: Unit = Unit.SEGMENT, name: str = "test://a"
    ) -> None:
        self.name = name
        self.unit = unit
        self.most_bytes = 1 << 20
        self.most_seconds = 0.05
        self.got: list[Parcel] = []
        self.tried: list[Parcel] = []
        self.labels: list[Mapping[str, str]] = []
        self.news = asyncio.Event()
        self.closed = False
        self._script = list(script)

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - the contract's
    ) -> Outcome:
        assert timeout > 0
        outcome = self._script.pop(0) if self._script else Delivered(rejected=1)
        self.tried.append(parcel)
        self.labels.append(labels)
        if isinstance(outcome, Delivered):
            self.got.append(parcel)
        self.news.set()
        return outcome

    def counters(self) -> dict[str, int]:
        return {"lines": len(self.got)}

    async def aclose(self) -> None:
        self.closed = True

    async def has(self, count: int, *, tried: bool = False) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while len(self.tried if tried else self.got) < count:
                self.news.clear()
                await self.news.wait()


class PidOne:
    """Seals, lets go, answers."""

    def __init__(self, filled: Filled) -> None:
        self.filled = filled
        self.released: list[tuple[str, int]] = []
        self.shipper: Shipper | None = None
        self.deaf = 0
        self.news = asyncio.Event()

    async def let_go(self, count: int) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while len(self.released) < count:
                self.news.clear()
                await self.news.wait()

    def order(self, do: str, /, **fields: object) -> None:
        if do == "release_segment":
            self.released.append((str(fields["stream"]), int(str(fields["seq"]))))
            self.news.set()
            return
        if do == "count_bytes":
            self._answer(0, {})
            return
        assert do == "seal_segment"
        if self.deaf:
            self.deaf -= 1
            return
        self.filled.spool.seal()
        ends = {name: stream.end for name, stream in self.filled.spool.streams.items()}
        self._answer(int(str(fields["token"])), ends)

    def _answer(self, token: int, ends: dict[str, int]) -> None:
        message = {"token": token, "ends": ends, "counters": {"spool_bytes": 1}}
        assert self.shipper
        asyncio.get_running_loop().call_soon(self.shipper.heard, message)


class Posted:
    """What the shipper says when it is done."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.news = asyncio.Event()

    def post(self, event: Event) -> None:
        self.events.append(event)
        self.news.set()

    async def wait(self) -> Event:
        async with asyncio.timeout(GUARD_SECONDS):
            await self.news.wait()
        self.news.clear()
        return self.events[-1]


@asynccontextmanager
async def shipping(
    filled: Filled, *sinks: Sink, linger: float = 0.0
) -> AsyncIterator[tuple[Shipper, PidOne, Posted]]:
    pid1, posted = PidOne(filled), Posted()
    shipper = Shipper(str(filled.folder), sinks, link=pid1, labels=LABELS, linger=linger)
    shipper.post = posted.post
    pid1.shipper = shipper
    running = asyncio.create_task(shipper.run())
    try:
        yield shipper, pid1, posted
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert all(sink.closed for sink in sinks)


async def test_sealed_segment_is_sent_then_let_go(tmp_path: Path) -> None:
    filled, sink = Filled(tmp_path), Sink()
    filled.write(b"one\n", seal=True)
    async with shipping(filled, sink) as (shipper, pid1, _):
        await sink.has(1)
        filled.write(b"two\n", seal=True)
        await sink.has(2)
        state = await shipper.flush(5.0)
        await pid1.let_go(2)
        assert pid1.released == [("stdout", 1), ("stdout", 2)]
    assert [parcel.data for parcel in sink.got] == [b"one\n", b"two\n"]
    assert sink.labels == [LABELS, LABELS]
    (told,) = state.sinks
    assert (told.delivered_bytes, told.objects, told.left_bytes) == (8, 2, 0)
    assert (told.rejected, told.failures, told.trouble) == (2, 0, "")
    assert state.spool == {"spool_bytes": 1}


async def test_lines_are_sent_before_their_segment_is_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.logs.volume._REST_SECONDS", float("inf"))
    filled, sink = Filled(tmp_path), Sink(unit=Unit.LINES)
    filled.write(b"one\ntw")
    async with shipping(filled, sink) as (_, pid1, _posted):
        await sink.has(1)
        filled.write(b"o\n")
        await sink.has(2)
        assert pid1.released == []
    assert [parcel.data for parcel in sink.got] == [b"one\n", b"two\n"]


async def test_line_whose_end_does_not_come_is_sent_without_it(tmp_path: Path) -> None:
    """What a game that hangs has said last; loki, otel: force_flush_period."""
    filled, sink = Filled(tmp_path), Sink(unit=Unit.LINES)
    filled.write(b"loading 99 %")
    begun_at = clock.now()
    async with shipping(filled, sink):
        await sink.has(1)
    assert [parcel.data for parcel in sink.got] == [b"loading 99 %"]
    assert clock.now() - begun_at >= 0.48  # the index is 10 ms exact


async def test_failure_is_tried_again_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """loki#915, opentelemetry-python PR#5460: what passes by itself costs no lines."""
    filled, sink = Filled(tmp_path), Sink(Failed("503"), Failed("429", after=0.01), Failed("503"))
    filled.write(b"one\n", seal=True)
    with caplog.at_level(logging.INFO):
        async with shipping(filled, sink):
            await sink.has(1)
    assert len(sink.tried) == 4
    assert caplog.text.count("does not take them") == 1
    assert "takes them again" in caplog.text


async def test_refusal_keeps_the_bytes_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """loki#11593: a 404 of an ingress dropped the batch."""
    filled, sink = Filled(tmp_path), Sink(Refused("404"), Refused("404"))
    filled.write(b"one\n", seal=True)
    async with shipping(filled, sink) as (shipper, _, posted):
        await sink.has(1, tried=True)
        (told,) = (await shipper.flush(0.05)).sinks  # which tries at once
        assert (told.left_bytes, told.trouble) == (4, "404")
        assert "does not take them: 404" in caplog.text
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0)  # the next try is due in a minute: not so in a stop
        assert await posted.wait() == LogsShipped(0)
    assert [parcel.data for parcel in sink.got] == [b"one\n"]


async def test_backed_off_segment_is_sent_at_the_stop(tmp_path: Path) -> None:
    """fluent-bit#1496, #5960: a chunk that was backed off is not sent at SIGTERM."""
    filled, sink = Filled(tmp_path), Sink(Failed("busy", after=3600.0))
    filled.write(b"one\n", seal=True)
    async with shipping(filled, sink) as (shipper, _, posted):
        await sink.has(1, tried=True)
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0)
        assert await posted.wait() == LogsShipped(0)


async def test_last_lines_without_a_segment_are_sent_at_the_stop(tmp_path: Path) -> None:
    """vector#11405, #25774, otel#5902: the sink is flushed, whatever its batch timer says."""
    filled, sink = Filled(tmp_path), Sink()
    filled.write(b"one\n")
    async with shipping(filled, sink) as (shipper, _, posted):
        shipper.finish(clock.now() + 10.0)
        await sink.has(1)
        filled.write(b"the last words\n")
        filled.write(b"of stderr", "stderr")
        shipper.game_gone()
        assert await posted.wait() == LogsShipped(0)
    tails = {parcel.source: parcel.data for parcel in sink.got if parcel.is_tail}
    assert tails == {"stdout": b"the last words\n", "stderr": b"of stderr"}


async def test_what_the_last_attempt_did_not_bring_stays(tmp_path: Path) -> None:
    """otel#15677: items are deleted because the last attempt at shutdown failed."""
    filled, sink = Filled(tmp_path), Sink(*[Failed("503")] * 99)
    filled.write(b"one\n")
    async with shipping(filled, sink) as (shipper, pid1, posted):
        shipper.game_gone()
        until = clock.now() + 0.5
        shipper.finish(until)
        assert await posted.wait() == LogsShipped(4)
        assert clock.now() < until
        assert pid1.released == []
    assert filled.volume(sink.name).owed(sink.name, {"stdout": 4}) == (4, 0)


async def test_own_stop_goes_on_after_its_end(tmp_path: Path) -> None:
    filled, sink = Filled(tmp_path), Sink(Refused("403"))
    filled.write(b"one\n")
    async with shipping(filled, sink) as (shipper, _, posted):
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0, goes_on=True)
        assert await posted.wait() == LogsShipped(4)
        assert await posted.wait() == LogsShipped(0)


async def test_lost_order_to_seal_is_given_again(tmp_path: Path) -> None:
    filled, sink = Filled(tmp_path), Sink()
    filled.write(b"one\n")
    async with shipping(filled, sink) as (shipper, pid1, _):
        pid1.deaf = 1
        (told,) = (await shipper.flush(10.0)).sinks
    assert told.left_bytes == 0


async def test_one_sink_does_not_wait_for_the_other(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    good, bad = Sink(name="test://good"), Sink(*[Refused("403")] * 9, name="test://bad")
    filled.write(b"one\n", seal=True)
    async with shipping(filled, good, bad) as (shipper, pid1, posted):
        await good.has(1)
        assert pid1.released == []
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0)
        assert await posted.wait() == LogsShipped(4)


async def test_stop_without_a_sink_only_lingers(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    async with shipping(filled, linger=0.2) as (shipper, _, posted):
        shipper.finish(clock.now() + 10.0)
        shipper.game_gone()
        gone_at = clock.now()
        shipper.game_gone()
        assert await posted.wait() == LogsShipped(0)
        assert clock.now() - gone_at >= 0.2
        assert (await shipper.flush(1.0)).sinks == ()


async def test_figures_of_this_moment_cost_no_seal(tmp_path: Path) -> None:
    async with shipping(Filled(tmp_path)) as (shipper, _, _posted):
        assert shipper.status().spool == {}
        assert (await shipper.count()).spool == {"spool_bytes": 1}


async def test_game_that_comes_back_is_not_gone(tmp_path: Path) -> None:
    async with shipping(Filled(tmp_path)) as (shipper, _, posted):
        shipper.game_gone()
        shipper.game_back()
        shipper.finish(clock.now() + 0.3)
        assert await posted.wait() == LogsShipped(0)


async def test_spool_in_memory_is_said(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    sink = Sink()
    shipper = Shipper("", [sink], link=PidOne(Filled(tmp_path)), labels=LABELS, linger=0.0)
    running = asyncio.create_task(shipper.run())
    await clock.wait(asyncio.Event(), 0)
    assert "set AGENT_SPOOL_DIR" in caplog.text
    assert shipper.status().faults
    running.cancel()
    await asyncio.wait([running])
