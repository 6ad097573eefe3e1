"""The deadline of the logs, in fake time: the rule, then whole stops against every store."""

import heapq
import itertools
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import budget, shipping
from agent.core.shipping import LANES, NEVER, Stretch

MIB = 1 << 20
OLD, NEW = Stretch("stdout", 0, 10, born=1.0), Stretch("stdout", 10, 20, born=2.0)
TAIL = Stretch("stdout", 20, 30, born=3.0, is_tail=True)
ERR_TAIL = Stretch("stderr", 0, 5, born=0.5, is_tail=True)


def test_attempt_gets_what_the_deadline_leaves_it() -> None:
    assert shipping.attempt_seconds(10.0, NEVER) == shipping.ATTEMPT_SECONDS
    assert shipping.attempt_seconds(10.0, 12.0) == 2.0
    assert shipping.attempt_seconds(10.0, 10.04) is None
    assert shipping.attempt_seconds(10.0, 9.0) is None


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0, 10))
def test_pause_has_full_jitter_within_its_cap(failures: int, luck: float, left: float) -> None:
    calm = shipping.pause_seconds(failures, luck, 0.0, NEVER)
    assert calm is not None
    assert 0.1 <= calm <= min(60.0, 0.1 * 2.0 ** min(failures, 16)) + 1e-9
    hurried = shipping.pause_seconds(failures, luck, 0.0, left)
    assert hurried is None or (0.1 <= hurried <= 1.0 and hurried <= left)


def test_store_that_asks_for_more_time_than_there_is_is_given_up() -> None:
    assert shipping.pause_seconds(1, 0.0, 0.0, 5.0, after=60.0) is None
    assert shipping.pause_seconds(1, 0.0, 0.0, 5.0, after=3.0) == 3.0
    assert shipping.pause_seconds(1, 0.0, 0.0, NEVER, after=300.0) == 300.0


def test_fault_of_the_configuration_is_tried_once_a_minute_but_not_in_a_stop() -> None:
    assert shipping.refused_seconds(NEVER) == 60.0
    assert shipping.refused_seconds(5.0) is None


def test_in_life_one_object_goes_after_the_other_the_oldest_first() -> None:
    assert shipping.choose([NEW, OLD], [], NEVER) == [OLD]
    assert shipping.choose([NEW], [OLD], NEVER) == []


def test_tail_goes_before_the_backlog_in_a_lane_of_its_own() -> None:
    backlog = [replace(OLD, start=at, born=float(at)) for at in range(9)]
    assert shipping.choose([*backlog, TAIL], [], 5.0) == [TAIL, *backlog[:LANES]]
    assert shipping.choose([TAIL], backlog[:LANES], 5.0) == [TAIL]
    assert shipping.choose([*backlog, TAIL], backlog[:LANES], 5.0) == [TAIL]


def test_second_tail_goes_before_the_rest_too() -> None:
    assert shipping.choose([OLD, NEW, TAIL, ERR_TAIL], [], 5.0) == [ERR_TAIL, TAIL, OLD, NEW]
    assert shipping.choose([OLD, TAIL], [ERR_TAIL], 5.0) == [TAIL, OLD]


def test_what_another_life_has_left_goes_before_our_own() -> None:
    left = replace(NEW, age=1, born=99.0)
    assert shipping.choose([OLD, left], [], NEVER) == [left]


# Whole stops.

GRACES = (2.0, 5.0, 30.0)
BACKLOGS = (0, 20, 500)  # objects of 1 MiB
GAMES = {"leaves": 0.5, "ignores": None, "crashes": 0.0}
STORES = {
    "fast": (0.01, "ok", None),
    "slow": (1.0, "ok", None),
    "hangs": (NEVER, "ok", None),
    "503": (0.005, "failed", None),
    "429": (0.005, "failed", 3600.0),
    "reset": (0.0, "failed", None),
    "403": (0.005, "refused", None),
}


@dataclass
class Stop:
    """A stop by the platform at 0 s, lived through event by event."""

    grace: float
    store: str
    game: str
    waiting: list[Stretch]
    now: float = 0.0
    busy: list[Stretch] = field(default_factory=list)
    delivered: list[Stretch] = field(default_factory=list)
    given_up: list[Stretch] = field(default_factory=list)
    attempts: int = 0
    tail_begun_at: float | None = None

    def live(self) -> float:
        """Return when we are gone."""
        end = shipping.end_at(budget.end_at(0.0, self.grace))
        asked = GAMES[self.game]
        gone_at = budget.kill_at(0.0, self.grace)
        if asked is not None:
            gone_at = min(gone_at, asked)
        order = itertools.count()
        events: list[tuple[float, int, str, Stretch | None, int]] = []
        heapq.heappush(events, (gone_at, next(order), "gone", None, 0))
        is_gone = False
        self._start(end, events, order)
        while events:
            self.now, _, what, stretch, failures = heapq.heappop(events)
            if self.now >= end:
                return end
            if what == "gone":
                is_gone = True
                self.waiting.append(Stretch("stdout", 1 << 40, (1 << 40) + 9, self.now, 0, True))
            elif stretch is not None:
                self._answered(what, stretch, failures, end, events, order)
            self._start(end, events, order)
            if is_gone and not self.waiting and not self.busy:
                return self.now
        return end

    def _start(
        self,
        end: float,
        events: list[tuple[float, int, str, Stretch | None, int]],
        order: "itertools.count[int]",
    ) -> None:
        for stretch in shipping.choose(self.waiting, self.busy, end):
            self.waiting.remove(stretch)
            self.busy.append(stretch)
            if stretch.is_tail:
                self.tail_begun_at = self.now
            self._attempt(stretch, 0, end, events, order)

    def _attempt(
        self,
        stretch: Stretch,
        failures: int,
        end: float,
        events: list[tuple[float, int, str, Stretch | None, int]],
        order: "itertools.count[int]",
    ) -> None:
        takes, verdict, _ = STORES[self.store]
        seconds = shipping.attempt_seconds(self.now, end)
        if seconds is None:
            self._give_up(stretch)
            return
        self.attempts += 1
        if takes > seconds:
            takes, verdict = seconds, "failed"
        heapq.heappush(events, (self.now + takes, next(order), verdict, stretch, failures))

    def _answered(
        self,
        what: str,
        stretch: Stretch,
        failures: int,
        end: float,
        events: list[tuple[float, int, str, Stretch | None, int]],
        order: "itertools.count[int]",
    ) -> None:
        if what == "retry":
            self._attempt(stretch, failures, end, events, order)
            return
        if what == "ok":
            self.busy.remove(stretch)
            self.delivered.append(stretch)
            return
        after = STORES[self.store][2]
        pause = (
            shipping.refused_seconds(end)
            if what == "refused"
            else shipping.pause_seconds(failures + 1, 0.5, self.now, end, after)
        )
        if pause is None:
            self._give_up(stretch)
        else:
            at = self.now + pause
            heapq.heappush(events, (at, next(order), "retry", stretch, failures + 1))

    def _give_up(self, stretch: Stretch) -> None:
        self.busy.remove(stretch)
        self.given_up.append(stretch)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("grace", GRACES)
@pytest.mark.parametrize("backlog", BACKLOGS)
@pytest.mark.parametrize("store", STORES)
def test_every_stop_ends_in_time(store: str, backlog: int, grace: float, game: str) -> None:
    waiting = [
        Stretch("stdout", n * MIB, (n + 1) * MIB, float(n - backlog)) for n in range(backlog)
    ]
    stop = Stop(grace, store, game, waiting)
    left_at = stop.live()
    assert left_at < budget.end_at(0.0, grace) < grace
    owed = [*stop.waiting, *stop.busy, *stop.given_up]
    assert len(stop.delivered) + len(owed) == backlog + 1
    if store == "fast" and (backlog < 500 or grace > 2):
        assert len(stop.delivered) == backlog + 1
    if STORES[store][1] == "ok" and STORES[store][0] < budget.reserve(grace) - 0.2:
        assert any(each.is_tail for each in stop.delivered)
    if store in {"429", "403"}:
        assert stop.attempts == backlog + 1
        assert left_at <= budget.kill_at(0.0, grace) + 0.1
    if store in {"503", "reset", "hangs", "slow"}:
        assert stop.tail_begun_at is not None
        assert stop.tail_begun_at <= budget.kill_at(0.0, grace)
