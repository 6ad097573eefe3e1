"""What follows from a fact: readiness, matches, restarts, stops, the exit status."""

import pytest

from agent.core import events as e
from agent.core.effects import Leave, Say
from agent.core.phases import Mode, Phase, Reason

from .life import AT_HOME, GAME, READY, TICK, Life, kinds


def phase(life: Life) -> Phase:
    return life.state.phase


def reason(life: Life) -> Reason | None:
    return None if life.state.stop is None else life.state.stop.reason


def test_ready_by_the_games_word() -> None:
    life = Life.ready()
    assert (life.state.phase, life.state.ready_at, life.state.ready_by) == (
        Phase.READY,
        5.0,
        "api",
    )


@pytest.mark.parametrize(
    ("sign", "by"),
    [
        (e.PortsChecked(bound=("game",), missing=()), "ports"),
        (e.MatchStarted("m"), "match"),
        (e.PlayerJoined("ann"), "players"),
    ],
)
def test_ready_by_a_sign_of_use(sign: e.Event, by: str) -> None:
    life = Life()
    life.at(0.0, GAME)
    life.at(7.0, sign)
    assert (life.state.ready_at, life.state.ready_by) == (7.0, by)


def test_game_that_is_gone_is_not_ready() -> None:
    life = Life()
    life.at(0.0, e.Resynced(None, None, None, None, on_edgegap=True), READY)
    assert life.state.phase is Phase.STARTING


def test_match_follows_the_players_of_a_game_that_never_speaks_of_matches() -> None:
    life = Life.ready()
    life.at(10.0, e.PlayerJoined("ann"))
    assert (life.state.phase, life.state.why) == (Phase.IN_MATCH, "players are there")
    life.at(20.0, e.PlayerLeft("ann"))
    assert (life.state.phase, life.state.why) == (Phase.READY, "everybody left")


def test_match_follows_the_word_of_a_game_that_speaks_of_matches() -> None:
    life = Life.ready(on_match_end="ready")
    life.at(10.0, e.PlayerJoined("ann"), e.MatchStarted("m"))
    assert phase(life) is Phase.IN_MATCH
    life.at(20.0, e.MatchEnded("m"))
    assert (life.state.phase, life.state.why) == (Phase.READY, "the match ended")
    life.at(25.0, e.PlayerJoined("bob"))
    assert phase(life) is Phase.READY
    life.at(30.0, e.MatchStarted("n"))
    assert (life.state.phase, life.state.why) == (Phase.IN_MATCH, "a match began")
    life.at(40.0, e.PlayersSet())
    assert phase(life) is Phase.IN_MATCH


def test_match_end_of_a_game_that_told_of_no_start_leaves_its_players_in() -> None:
    life = Life.ready(on_match_end="ready")
    life.at(10.0, e.PlayerJoined("ann"), e.MatchEnded())
    assert (life.state.phase, life.state.last_match) == (Phase.IN_MATCH, "")


@pytest.mark.parametrize(("told", "why"), [("m", "match m ended"), ("", "the match ended")])
def test_match_end_is_the_deployments_end(told: str, why: str) -> None:
    life = Life.ready()
    life.at(10.0, e.MatchEnded(told))
    assert (reason(life), life.state.why) == (Reason.MATCH_ENDED, why)


def test_match_end_without_an_id_is_the_end_of_the_one_that_is_on() -> None:
    life = Life.ready()
    life.at(10.0, e.MatchStarted("m"), e.MatchEnded())
    assert life.state.why == "match m ended"


@pytest.mark.parametrize(
    ("on", "told", "end"),
    [
        (None, "a", "known"),
        (None, "", "known"),
        (None, "b", "news"),
        ("b", "a", "known"),
        ("b", "b", "news"),
        ("b", "", "news"),
        ("b", "c", "news"),
        ("a", "a", "news"),
        ("", "a", "known"),
    ],
)
def test_end_that_is_known_is_not_taken_for_another(on: str | None, told: str, end: str) -> None:
    """Match "a" has ended already; a caller whose answer was lost says so again."""
    life = Life.ready(on_match_end="ready")
    life.at(10.0, e.MatchStarted("a"), e.MatchEnded("a"))
    if on is not None:
        life.at(20.0, e.MatchStarted(on))
    before = life.state
    life.at(30.0, e.MatchEnded(told))
    assert (life.state is before) == (end == "known")
    assert (life.state.match is None) == (on is None or end == "news")


def test_bare_end_after_a_bare_end_is_the_end_of_the_match_that_is_on() -> None:
    life = Life.ready(on_match_end="ready")
    life.at(10.0, e.MatchEnded(), e.MatchStarted("m"), e.MatchEnded())
    assert (life.state.match, life.state.last_match) == (None, "m")


def test_timer_that_runs_anew_is_noted_anew() -> None:
    life = Life.ready(mode=Mode.OBSERVE, everybody_left=60.0)
    for at in (10.0, 100.0):
        life.at(at, e.PlayerJoined("ann"), e.PlayerLeft("ann"))
        assert kinds(life.at(at + 60.0, TICK)) == ["Say"]
        assert life.at(at + 61.0, TICK) == ()
    assert life.state.would_stop == {"everybody_left": 2}


def test_observing_carries_out_no_request_but_the_games_own_self_stop() -> None:
    life = Life.ready(mode=Mode.OBSERVE)
    assert kinds(life.at(10.0, e.StopRequested("maintenance"))) == ["Say"]
    assert reason(life) is None
    life.at(20.0, e.StopRequested("", "self_stop"))
    assert reason(life) is Reason.REQUESTED
    assert life.at(21.0, e.StopRequested("maintenance")) == ()
    assert life.state.would_stop == {"requested": 1}


def test_time_that_is_left_is_said_once() -> None:
    life = Life.ready(max_duration=1000.0, nobody_joined=0.0)
    assert life.deadline == 700.0
    assert life.at(700.0, TICK) == (Say("warning", "max_duration: 300 s are left"),)
    assert life.at(701.0, TICK) == ()
    assert life.deadline == 1000.0


def test_nothing_is_said_of_what_is_off() -> None:
    life = Life.ready(max_duration=0.0, nobody_joined=0.0)
    assert life.deadline == float("inf")
    assert life.at(1e6, TICK) == ()


@pytest.mark.parametrize(
    ("resync", "first", "exit_", "status"),
    [
        (GAME, e.TermReceived(15), 0, 0),
        (GAME, e.TermReceived(15), 143 << 8, 0),
        (GAME, e.TermReceived(15), 7 << 8, 0),
        (GAME, e.TermReceived(15), 9, 137),
        (AT_HOME, e.TermReceived(15), 0, 0),
        (AT_HOME, e.TermReceived(15), 15, 143),
        (AT_HOME, e.StopRequested(), 7 << 8, 7),
        (AT_HOME, e.StopRequested(), 9, 137),
    ],
)
def test_exit_status_tells_how_it_went(
    resync: e.Resynced, first: e.Event, exit_: int, status: int
) -> None:
    life = Life()
    life.at(0.0, resync, READY)
    life.at(10.0, first, e.LogsShipped())
    (leave,) = life.at(11.0, e.GameExited(exit_))
    assert isinstance(leave, Leave)
    assert leave.status == status


def test_our_stop_on_edgegap_is_a_success_however_the_game_ended() -> None:
    life = Life.ready()
    life.at(10.0, e.StopRequested(), e.LogsShipped())
    life.at(11.0, e.GameExited(9), e.SelfStopAccepted("202"))
    assert life.at(12.0, e.TermReceived(15)) == (Leave(0, "a caller asked"),)


def test_game_that_outlives_the_platforms_grace_is_told_as_killed() -> None:
    life = Life.ready()
    life.at(10.0, e.TermReceived(15))
    assert life.at(14.75, TICK)[-1:] == (Leave(137, "the platform sent SIGTERM"),)


def test_sigterm_at_home_is_not_called_the_platforms() -> None:
    life = Life()
    life.at(0.0, AT_HOME)
    life.at(10.0, e.TermReceived(2))
    assert life.state.why == "the container is told to stop"


def test_caller_that_asks_again_and_again_fills_no_log_while_observing() -> None:
    life = Life.ready(mode=Mode.OBSERVE)
    ordered = [life.at(10.0 + each, e.StopRequested("enough")) for each in range(3)]
    assert [kinds(each) for each in ordered] == [["Say"], [], []]
    assert life.state.would_stop == {"requested": 3}
