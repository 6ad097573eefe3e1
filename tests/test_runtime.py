"""The pump of events: remembered before it is acted on, awake only when it must be."""

import asyncio

import pytest

from agent.core import effects as do
from agent.core import events as e
from agent.core.options import Options
from agent.core.phases import Phase
from agent.core.state import State
from agent.errors import StateFullError
from agent.runtime import Runtime


class Bench:
    """A runtime on a clock of its own, with all it does in one list."""

    def __init__(self, options: Options) -> None:
        self.time = 100.0
        self.done: list[object] = []
        self.is_full = False
        self.performed = asyncio.Event()
        self.runtime = Runtime(
            State(boot_id="b", born=100.0, phase_since=100.0),
            options,
            now=lambda: self.time,
            memory=self,
            perform=self.perform,
        )

    def append(self, event: e.Event, now: float, after: State) -> None:
        if self.is_full:
            raise StateFullError("cannot remember that")
        self.done.append((event, now, after.phase))

    def perform(self, effect: do.Effect) -> None:
        self.done.append(effect)
        self.performed.set()


def started(bench: Bench) -> None:
    bench.runtime.post(e.Resynced(7, 100.0, None, None, on_edgegap=True))
    bench.done.clear()


async def test_fact_is_remembered_before_its_orders_are_performed() -> None:
    bench = Bench(Options())
    started(bench)
    status = bench.runtime.post(e.StopRequested("enough"))
    assert status.phase is Phase.STOPPING
    assert isinstance(bench.done[0], tuple)
    assert [type(each) for each in bench.done[1:]] == [
        do.AnnounceStop,
        do.ShipLogs,
        do.SignalGame,
    ]


async def test_fact_that_changes_nothing_is_not_remembered() -> None:
    bench = Bench(Options())
    started(bench)
    before = bench.runtime.status().revision
    assert bench.runtime.post(e.HoldReleased()).revision == before
    assert bench.done == []


async def test_fact_that_cannot_be_remembered_is_not_acted_on() -> None:
    bench = Bench(Options())
    started(bench)
    bench.is_full = True
    with pytest.raises(StateFullError):
        bench.runtime.post(e.StopRequested())
    assert bench.done == []
    assert bench.runtime.status().phase is Phase.STARTING


async def test_reader_is_woken_by_the_next_revision() -> None:
    bench = Bench(Options())
    started(bench)
    revision = bench.runtime.status().revision
    waiting = asyncio.create_task(bench.runtime.changed(revision, 60))
    bench.runtime.post(e.ReadyReported())
    assert (await waiting).phase is Phase.READY


async def test_reader_gets_the_old_state_when_nothing_comes() -> None:
    bench = Bench(Options())
    started(bench)
    revision = bench.runtime.status().revision
    assert (await bench.runtime.changed(revision, 0.01)).revision == revision


async def test_deadline_that_has_come_is_carried_out() -> None:
    bench = Bench(Options(nobody_joined=50, players="api"))
    started(bench)
    bench.runtime.post(e.ReadyReported())
    bench.done.clear()
    bench.time += 49.99
    running = asyncio.create_task(bench.runtime.run())
    bench.time += 5.1  # the limit with the most jitter
    bench.runtime.post(e.HealthReported("healthy"))
    await asyncio.wait_for(bench.performed.wait(), 20)
    running.cancel()
    assert any(isinstance(each, do.AnnounceStop) for each in bench.done)


async def test_deadline_that_changes_nothing_does_not_spin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(Options())
    started(bench)
    posted: list[e.Event] = []
    post = bench.runtime.post

    def counting(event: e.Event) -> object:
        posted.append(event)
        return post(event)

    monkeypatch.setattr(bench.runtime, "post", counting)
    monkeypatch.setattr("agent.runtime.deadline", lambda *_: 0.0)  # the bug that must not cost
    running = asyncio.create_task(bench.runtime.run())
    await asyncio.wait([running], timeout=0.2)
    running.cancel()
    assert len(posted) == 1


async def test_calls_are_noted_only_where_some_are_expected() -> None:
    for expect, count in (((), 0), (("ready",), 1)):
        bench = Bench(Options(expect=expect))
        started(bench)
        for name in ("ready", "ready", "status"):
            bench.runtime.note_call(name)
        assert len(bench.done) == count


async def test_new_phase_is_told_once_its_orders_are_performed() -> None:
    bench = Bench(Options())
    started(bench)
    told: list[tuple[Phase, Phase, int]] = []
    bench.runtime.moved = lambda before, status: told.append(
        (before, status.phase, len(bench.done))
    )
    bench.runtime.post(e.ReadyReported())
    bench.runtime.post(e.HealthReported("healthy"))
    bench.done.clear()
    bench.runtime.post(e.StopRequested("enough"))
    assert [each[:2] for each in told] == [
        (Phase.STARTING, Phase.READY),
        (Phase.READY, Phase.STOPPING),
    ]
    assert told[-1][2] == len(bench.done)
