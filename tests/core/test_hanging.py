"""A game that hangs is looked at, may write its call stack, is killed."""

import pytest

from agent.core import events as e
from agent.core.effects import AbortGame, ExamineGame, KillGame, ReportCrash, SignalGame
from agent.core.phases import Phase, Policy, Reason

from .life import TICK, Life, kinds

HEALTHY = e.HealthReported("healthy")


def hung(**options: object) -> tuple[Life, list[str]]:
    """Return a life whose game was last heard at 6 s, silent for the minute after that."""
    life = Life.ready(**options)
    life.at(6.0, HEALTHY)
    return life, kinds(life.at(66.0, TICK))


def test_hung_game_is_looked_at_then_asked_then_made_to_write_its_stack_then_killed() -> None:
    life, ordered = hung()
    assert ordered == ["ExamineGame", "AnnounceStop", "ShipLogs", "SignalGame"]
    assert life.state.stop is not None
    assert life.deadline == life.state.stop.kill_at - 10.0
    assert kinds(life.at(life.deadline, TICK)) == ["Say", "AbortGame"]
    assert life.deadline == life.state.stop.kill_at
    assert kinds(life.at(life.deadline, TICK)) == ["Say", "KillGame"]
    (told,) = [x for x in life.at(130.0, e.GameExited(9)) if isinstance(x, ReportCrash)]
    assert (told.crash.kind, told.crash.why) == ("hung", "no health ping for 1m")


def test_hang_signal_comes_in_the_second_half_however_long_its_cap() -> None:
    life, _ = hung(hang_cap=100.0)
    stop = life.state.stop
    assert stop is not None
    assert stop.abort_at == (66.0 + stop.kill_at) / 2


def test_sigterm_shortens_the_wait_for_the_call_stack_too() -> None:
    life, _ = hung(grace=5.0)
    life.at(67.0, e.TermReceived(15))
    stop = life.state.stop
    assert stop is not None
    assert 67.0 < stop.abort_at < stop.kill_at < 72.0
    assert AbortGame() in life.at(stop.abort_at, TICK)


def test_hang_signal_is_sent_once_by_however_many_agents() -> None:
    life, _ = hung()
    life.at(life.deadline, TICK)
    again = e.Resynced(7, 0.0, None, None, on_edgegap=True)
    assert AbortGame() not in life.at(life.now + 0.1, again)


@pytest.mark.parametrize("policy", [Policy.STOP, Policy.RESTART])
def test_without_a_cap_there_is_no_hang_signal(policy: Policy) -> None:
    life, _ = hung(hang_cap=0.0, on_unhealthy=policy)
    while life.state.game.is_running and not life.state.game.killed:
        assert AbortGame() not in life.at(life.deadline, TICK)
    assert life.state.game.killed


def test_game_that_says_itself_that_it_is_unhealthy_does_not_hang() -> None:
    life = Life.ready()
    effects = life.at(10.0, e.HealthReported("unhealthy"))
    assert not [each for each in effects if isinstance(each, ExamineGame)]
    assert SignalGame() in effects
    assert life.state.stop is not None
    assert life.state.stop.abort_at == float("inf")


def test_hung_game_is_restarted_after_its_stack_is_written() -> None:
    life, ordered = hung(on_unhealthy=Policy.RESTART)
    assert ordered == ["ExamineGame", "Say", "AbortGame"]
    assert life.deadline == 76.0
    assert life.at(70.0, TICK) == ()
    effects = life.at(70.5, e.GameExited(134))
    assert "ReportCrash" in kinds(effects)
    assert life.state.phase is Phase.STARTING
    assert life.state.game.restart_at is not None


def test_hung_game_that_takes_too_long_for_its_stack_is_killed_then_restarted() -> None:
    life, _ = hung(on_unhealthy=Policy.RESTART)
    assert life.at(76.0, TICK) == (KillGame(),)
    assert life.at(77.0, TICK) == ()
    life.at(77.5, e.GameExited(9))
    assert life.state.phase is Phase.STARTING


def test_stop_amid_the_wait_for_the_stack_has_its_own_deadline() -> None:
    life, _ = hung(on_unhealthy=Policy.RESTART)
    life.at(67.0, e.StopRequested("enough"))
    stop = life.state.stop
    assert stop is not None
    assert stop.reason is Reason.REQUESTED
    assert life.at(76.0, TICK) == ()
    assert "KillGame" in kinds(life.at(stop.kill_at, TICK))
