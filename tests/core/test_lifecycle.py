"""One step is pure and total; what is not news is no new state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import events as e
from agent.core.lifecycle import deadline, step
from agent.core.options import Options
from agent.core.phases import Mode, Policy
from agent.core.state import State

from .life import BORN, GAME, TICK, Life
from .test_players import Id

NEVER = float("inf")
TINY = 1e-6
ids = st.sampled_from(["", "a", "b", "c"])
names = st.lists(ids, max_size=3).map(tuple)
seconds = st.floats(0.0, 1000.0)
details = st.sampled_from(["", "202", "503"])
statuses = st.sampled_from([0, 256, 9, 15, 139])
pids = st.none() | st.integers(7, 9)
times = st.none() | st.floats(0.0, 2000.0)
EVENTS: st.SearchStrategy[e.Event] = st.one_of(
    st.builds(e.Resynced, pids, times, st.none() | statuses, times, st.booleans(), names),
    st.builds(e.GameStarted, st.integers(7, 9)),
    st.builds(e.GameExited, statuses),
    st.builds(e.GameNotStarted, details),
    st.builds(e.TermReceived, st.sampled_from([2, 15]), times),
    st.builds(e.ReadyReported),
    st.builds(e.PortsChecked, names, names, names),
    st.builds(e.CallArrived),
    st.builds(e.HealthReported, st.sampled_from(["healthy", "unhealthy", "loading"]), seconds),
    st.builds(e.MatchStarted, ids),
    st.builds(e.MatchEnded, ids),
    st.builds(e.PlayersSet, names, st.none() | st.integers(0, 5), st.none() | st.integers(0, 9)),
    st.builds(e.PlayerJoined, ids),
    st.builds(e.PlayerLeft, ids),
    st.builds(e.HoldPlaced, seconds, ids),
    st.builds(e.HoldReleased),
    st.builds(e.StopRequested, details, st.sampled_from(["api", "self_stop"])),
    st.builds(e.LogsShipped),
    st.builds(e.SelfStopAccepted, details),
    st.builds(e.SelfStopGone, details),
    st.builds(e.SelfStopRejected, details),
    st.builds(e.SelfStopFailed, details),
    st.builds(e.DeadlinePassed),
)
policies = st.sampled_from(Policy)
limits = st.sampled_from([0.0, 1.0, 60.0, 300.0])
OPTIONS = st.builds(
    Options,
    ready_when=st.sampled_from(["auto", "api"]),
    players=st.sampled_from(["auto", "api"]),
    start_timeout=limits,
    nobody_joined=limits,
    everybody_left=limits,
    max_duration=limits,
    health_delay=limits,
    on_match_end=st.sampled_from(["stop", "ready"]),
    on_game_exit=policies,
    on_game_crash=policies,
    on_unhealthy=policies,
    stop_timeout=st.sampled_from([1.0, 60.0]),
    stop_by=st.sampled_from(
        [(("signal", 0.0),), (("file", 2.0), ("stdin", 9.0), ("signal", 0.0)), (("stdin", 5.0),)]
    ),
    grace=st.sampled_from([0.1, 5.0, 30.0]),
    stop_wait=st.sampled_from([1.0, 100.0]),
    after_stop_wait=st.sampled_from(["stay", "exit"]),
    mode=st.sampled_from(Mode),
    mode_given=st.booleans(),
)


@given(OPTIONS, st.lists(st.tuples(seconds, EVENTS), max_size=30))
def test_any_event_is_taken_in_any_phase(
    options: Options, facts: list[tuple[float, e.Event]]
) -> None:
    """The world may say what it likes, in any order: no fault, no spinning."""
    state, now = BORN, 0.0
    for wait, event in facts:
        now += wait
        after, effects = step(state, event, now, options)
        assert (after, effects) == step(state, event, now, options)
        assert after.revision >= state.revision
        assert deadline(after, now, options) > now
        state = after


@given(OPTIONS, st.lists(st.tuples(seconds, EVENTS), max_size=20))
def test_early_wake_up_changes_nothing(
    options: Options, facts: list[tuple[float, e.Event]]
) -> None:
    state, now = BORN, 0.0
    for wait, event in facts:
        now += wait
        state, _ = step(state, event, now, options)
        again, effects = step(state, TICK, now, options)
        assert again is state
        assert effects == ()
        until = deadline(state, now, options)
        if now + TINY < until < NEVER:
            early, effects = step(state, TICK, (now + until) / 2, options)
            assert early is state
            assert effects == ()


def test_news_has_a_revision_of_its_own() -> None:
    life = Life.ready()
    before = life.state.revision
    life.at(10.0, e.PlayerJoined("ann"))
    assert life.state.revision == before + 1


@pytest.mark.parametrize(
    "event",
    [e.HealthReported("healthy"), e.PlayersSet(ids=("ann",)), e.PlayerJoined("ann")],
)
def test_same_word_again_only_changes_its_age(event: e.Event) -> None:
    life = Life.ready()
    life.at(10.0, e.HealthReported("healthy"), e.PlayersSet(ids=("ann",)))
    before = life.state
    life.at(20.0, event)
    assert life.state.revision == before.revision
    assert life.state != before


def test_what_is_no_news_is_no_new_state() -> None:
    life = Life.ready()
    before = life.state
    life.at(10.0, READY_AGAIN, TICK, e.HoldReleased(), e.LogsShipped())
    assert life.state is before


READY_AGAIN = e.ReadyReported()


def test_nothing_follows_after_the_end_but_a_new_agents_leave() -> None:
    life = Life.ready()
    life.at(10.0, e.TermReceived(15), e.LogsShipped())
    (leave,) = life.at(11.0, e.GameExited(0))
    ended = life.state
    assert life.at(12.0, e.TermReceived(15), e.StopRequested(), e.GameStarted(8)) == ()
    assert life.state is ended
    assert life.deadline == NEVER
    gone = e.Resynced(7, 0.0, 0, 10.0, on_edgegap=True, declared_ports=("game",))
    assert life.at(13.0, gone)[-1:] == (leave,)


def test_deadline_is_the_first_thing_that_is_due() -> None:
    life = Life()
    assert life.deadline == 84_300.0  # the warning before the longest life
    life.at(0.0, GAME)
    assert life.deadline == 600.0
    life.at(5.0, e.HealthReported("healthy"))
    assert life.deadline == 65.0


def test_ten_thousand_joins_look_at_each_id_a_few_times_only() -> None:
    life = Life.ready()
    names = [Id(number) for number in range(10_000)]
    Id.looks = 0
    for name in names:
        life.at(10.0, e.PlayerJoined(name))
    assert life.state.players.count == len(names)
    assert Id.looks <= 10 * len(names)


def test_state_is_its_own_and_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        BORN.revision = 1  # type: ignore[misc]
    assert State(boot_id="b", born=0.0) == BORN
