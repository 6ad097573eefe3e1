"""A stop keeps to its budget; whatever comes later can only shorten it (fluent-bit PR#4355)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import events as e
from agent.core import stopping
from agent.core.effects import AnnounceStop, AskGame, KillGame, SignalGame
from agent.core.options import Options
from agent.core.phases import Phase, Reason
from agent.core.state import State, Stop

from .life import GAME, TICK, Life, kinds

NEVER = float("inf")
TINY = 1e-6
WAYS: tuple[str, ...] = ("file", "stdin", "signal")
stop_lists = st.permutations(WAYS).flatmap(
    lambda ways: st.tuples(*(st.tuples(st.just(way), st.floats(0.0, 600.0)) for way in ways))
)
graces = st.floats(0.001, 3600.0)
budgets = st.floats(1.0, 3600.0)
drains = st.floats(0.0, 3600.0)


def stop_of(life: Life) -> Stop:
    assert life.state.stop is not None
    return life.state.stop


def signal_at(stop: Stop) -> float:
    return dict(stop.asks)["signal"]


def assert_in_order(stop: Stop) -> None:
    """Check that no stage lies past the next one."""
    times = [stop.begun_at, stop.drain_until, *(at for _, at in stop.asks), stop.kill_at]
    for earlier, later in zip(times, [*times[1:], stop.end_at], strict=True):
        assert earlier <= later + TINY


@given(graces, stop_lists)
def test_platform_stop_fits_into_any_grace(grace: float, ways: stopping.Ways) -> None:
    life = Life.ready(grace=grace, stop_by=ways)
    life.at(10.0, e.PlayerJoined("ann"), e.TermReceived(15))
    stop = stop_of(life)
    assert_in_order(stop)
    assert stop.drain_until == stop.begun_at
    assert stop.end_at <= 10.0 + grace
    assert signal_at(stop) - 10.0 <= (stop.kill_at - 10.0) / 2 + TINY


@given(budgets, drains, stop_lists)
def test_our_stop_fits_into_any_budget(budget: float, drain: float, ways: stopping.Ways) -> None:
    life = Life.ready(stop_timeout=budget, drain=drain, stop_by=ways)
    life.at(10.0, e.PlayerJoined("ann"), e.StopRequested())
    stop = stop_of(life)
    assert_in_order(stop)
    assert stop.drain_until - 10.0 <= budget / 4 + TINY
    assert stop.end_at <= 10.0 + budget
    room = stop.kill_at - stop.drain_until
    assert signal_at(stop) - stop.drain_until <= room / 2 + TINY


@given(
    graces,
    budgets,
    drains,
    stop_lists,
    st.floats(0.0, 600.0),
    st.sampled_from(["ann leaves", "ann stays"]),
)
def test_sigterm_amid_our_stop_only_shortens_it(
    grace: float, budget: float, drain: float, ways: stopping.Ways, later: float, ann: str
) -> None:
    life = Life.ready(grace=grace, stop_timeout=budget, drain=drain, stop_by=ways)
    life.at(10.0, e.PlayerJoined("ann"), e.StopRequested())
    before = stop_of(life)
    if ann == "ann leaves":
        life.at(10.0 + later / 2, e.PlayerLeft("ann"))
    life.at(10.0 + later, e.TermReceived(15))
    after = stop_of(life)
    assert after.kill_at <= before.kill_at
    assert after.end_at <= before.end_at
    assert after.end_at <= max(10.0 + later + grace, before.end_at)
    for (way, at), (same, sooner) in zip(before.asks, after.asks, strict=True):
        assert way == same
        assert sooner <= at + TINY
    is_signalled = "signal" in [way for way, _ in after.asks[: after.asked]]
    if life.state.phase is Phase.STOPPING and not is_signalled:
        room = max(0.0, after.kill_at - 10.0 - later)
        assert signal_at(after) <= 10.0 + later + room / 2 + TINY


def test_request_amid_a_stop_changes_nothing() -> None:
    life = Life.ready()
    life.at(10.0, e.StopRequested("first"))
    before = life.state
    assert life.at(20.0, e.StopRequested("second"), e.MatchEnded("m"), TICK) == ()
    assert life.state == before
    assert stopping.begin(before, Reason.MATCH_ENDED, "third", 20.0, life.options) is before


def test_sigterm_twice_is_one_sigterm() -> None:
    life = Life.ready(grace=30.0)
    life.at(10.0, e.TermReceived(15))
    before = life.state
    assert life.at(20.0, e.TermReceived(15)) == ()
    assert life.state == before


def test_stop_by_the_platform_is_not_ours() -> None:
    life = Life.ready()
    life.at(10.0, e.TermReceived(15))
    assert not stop_of(life).ours
    life = Life.ready()
    life.at(10.0, e.StopRequested())
    assert stop_of(life).ours


def test_sigterm_counts_from_when_it_came() -> None:
    life = Life.ready()
    life.at(12.0, e.TermReceived(15, at=10.0))
    stop = stop_of(life)
    assert (stop.begun_at, stop.kill_at, stop.end_at) == (10.0, 13.75, 14.75)


def test_sigterm_that_came_before_our_stop_but_was_told_after_it_ends_the_drain() -> None:
    life = Life.ready()
    life.at(20.0, e.PlayerJoined("ann"), e.StopRequested())
    assert "KillGame" in kinds(life.at(21.0, e.TermReceived(15, at=17.0)))
    stop = stop_of(life)
    assert (stop.drain_until, stop.kill_at, stop.end_at) == (20.75, 20.75, 21.75)


def test_nobody_is_drained_who_is_not_known_to_be_there() -> None:
    life = Life.ready()
    effects = life.at(10.0, e.StopRequested())
    assert kinds(effects) == ["AnnounceStop", "ShipLogs", "SignalGame"]
    assert life.state.phase is Phase.STOPPING


def test_drain_ends_when_the_last_player_leaves() -> None:
    life = Life.ready()
    life.at(10.0, e.PlayersSet(count=2))
    effects = life.at(20.0, e.StopRequested())
    assert kinds(effects) == ["AnnounceStop", "ShipLogs"]
    assert (life.state.phase, life.deadline) == (Phase.DRAINING, 35.0)
    assert life.at(25.0, e.PlayersSet(count=1)) == ()
    assert life.at(26.0, e.PlayersSet(count=0)) == (SignalGame(),)
    assert (life.state.phase, life.deadline) == (Phase.STOPPING, 67.0)


def test_drain_ends_when_the_game_leaves() -> None:
    life = Life.ready()
    life.at(10.0, e.PlayersSet(count=2), e.StopRequested())
    assert life.at(12.0, e.GameExited(0)) == ()
    assert (life.state.phase, life.deadline) == (Phase.STOPPING, 67.0)


def test_drain_of_a_short_budget_ends_before_the_kill() -> None:
    life = Life.ready(stop_timeout=0.5)
    life.at(10.0, e.PlayersSet(count=2), e.StopRequested())
    stop = stop_of(life)
    assert stop.drain_until == stop.kill_at == pytest.approx(10.1)


def test_game_is_asked_by_each_way_in_its_turn_then_killed() -> None:
    life = Life.ready(stop_by=(("file", 2.0), ("stdin", 1.0), ("signal", 0.0)))
    effects = life.at(10.0, e.StopRequested())
    assert effects[0] == AnnounceStop("requested", True, 13.0, 57.0, 67.0)
    assert effects[2:] == (AskGame("file", "requested", 57.0),)
    assert life.deadline == 12.0
    assert life.at(12.0, TICK) == (AskGame("stdin", "requested", 57.0),)
    assert life.at(12.5, TICK) == ()
    assert life.at(13.0, TICK) == (SignalGame(),)
    assert life.deadline == 57.0
    assert KillGame() in life.at(57.0, TICK)
    assert life.at(58.0, TICK) == ()
    assert life.deadline == 67.0


def test_way_that_is_being_tried_keeps_its_time_when_a_sigterm_comes() -> None:
    life = Life.ready(stop_by=(("file", 2.0), ("signal", 0.0)), grace=30.0)
    life.at(10.0, e.StopRequested())
    life.at(11.0, e.TermReceived(15))
    assert signal_at(stop_of(life)) == 12.0


def test_list_without_a_signal_ends_in_a_kill() -> None:
    life = Life.ready(stop_by=(("stdin", 500.0),))
    effects = life.at(10.0, e.StopRequested())
    assert effects[0] == AnnounceStop("requested", True, 57.0, 57.0, 67.0)
    assert life.deadline == 57.0
    assert stopping.signal_delay(life.options) == 3.75


def test_late_agent_asks_by_all_ways_at_once() -> None:
    life = Life.ready(stop_by=(("file", 2.0), ("stdin", 1.0), ("signal", 0.0)))
    life.at(10.0, e.StopRequested())
    assert kinds(life.at(60.0, TICK)) == ["AskGame", "SignalGame", "Say", "KillGame"]


def test_new_agent_announces_and_kills_again_but_does_not_ask_again() -> None:
    life = Life.ready()
    life.at(10.0, e.StopRequested())
    assert kinds(life.at(20.0, GAME)) == ["AnnounceStop", "ShipLogs"]
    life.at(57.0, TICK)
    assert kinds(life.at(58.0, GAME)) == ["AnnounceStop", "ShipLogs", "Say", "KillGame"]


@pytest.mark.parametrize(
    ("ways", "delay"),
    [
        ((("signal", 0.0),), 0.0),
        ((("file", 1.0), ("signal", 0.0)), 1.0),
        ((("file", 6.0), ("stdin", 4.0), ("signal", 0.0)), 1.875),
    ],
)
def test_pid1_is_told_when_the_signal_follows_a_sigterm(ways: stopping.Ways, delay: float) -> None:
    assert stopping.signal_delay(Options(stop_by=ways)) == delay


def test_without_a_stop_nothing_is_due() -> None:
    state = State(boot_id="b", born=0.0)
    assert stopping.advance(state, 1e6) == (state, ())
    assert stopping.shorten(state, 1e6, Options()) is state
    assert stopping.next_step(state) == NEVER
    assert not stopping.is_over(state, 1e6)
