"""The self-stop is owed until the platform ends us, told without hammering."""

import pytest

from agent.core import events as e
from agent.core import reporting
from agent.core.effects import CancelSelfStop, Effect, Leave, Say, SendSelfStop
from agent.core.phases import Phase, Report
from agent.core.state import State

from .life import AT_HOME, GAME, TICK, Life, kinds

NEVER = float("inf")
SEND = SendSelfStop("requested")
GONE_GAME = e.Resynced(7, 0.0, 0, None, on_edgegap=True, declared_ports=("game",))


def reported(**options: object) -> Life:
    """Return a deployment whose self-stop was sent at 11 s."""
    life = Life.ready(**options)
    life.at(10.0, e.StopRequested(), e.LogsShipped())
    assert life.at(11.0, e.GameExited(0)) == (SEND,)
    assert (life.state.phase, life.deadline) == (Phase.STOPPED, NEVER)
    return life


def levels(effects: tuple[Effect, ...]) -> list[str]:
    return [effect.level for effect in effects if isinstance(effect, Say)]


def test_failed_attempts_are_counted_and_left_to_the_courier() -> None:
    life = reported()
    assert life.at(12.0, e.SelfStopFailed("503"), e.SelfStopFailed("timeout")) == ()
    owed = life.state.owed
    assert (owed.report, owed.attempts, owed.detail) == (Report.OWED, 2, "timeout")


@pytest.mark.parametrize("answer", [e.SelfStopAccepted("202"), e.SelfStopGone("404")])
def test_sigterm_is_awaited_with_a_reminder_each_minute(answer: e.Event) -> None:
    life = reported()
    assert levels(life.at(12.0, answer)) == ["info"]
    assert life.deadline == 72.0
    assert life.at(71.9, TICK) == ()
    assert life.at(72.0, TICK) == (SEND,)
    assert life.deadline == NEVER
    assert life.at(73.0, answer) == ()
    assert life.deadline == 133.0


def test_refusal_is_said_loudly_and_not_hammered() -> None:
    life = reported()
    (line,) = life.at(12.0, e.SelfStopRejected("403"))
    assert isinstance(line, Say)
    assert line.level == "error"
    assert "still runs and is billed" in line.text
    assert life.deadline == 72.0


@pytest.mark.parametrize("answer", [e.SelfStopAccepted("202"), e.SelfStopRejected("403")])
def test_wait_that_is_over_is_said_and_reminded_of_each_five_minutes(answer: e.Event) -> None:
    life = reported(stop_wait=50.0)
    life.at(12.0, answer)
    assert life.deadline == 62.0
    assert life.at(62.0, TICK) == (SEND,)
    assert levels(life.at(63.0, answer)) == ["error"]
    assert life.deadline == 363.0
    assert life.at(363.0, TICK) == (SEND,)
    assert life.at(364.0, answer) == ()
    assert life.deadline == 664.0


def test_wait_begins_anew_when_a_refusal_turns_into_acceptance() -> None:
    life = reported(stop_wait=50.0)
    life.at(12.0, e.SelfStopRejected("403"))
    life.at(62.0, TICK)
    assert levels(life.at(63.0, e.SelfStopAccepted("202"))) == ["info"]
    assert life.deadline == 113.0
    life.at(113.0, TICK)
    life.at(114.0, e.SelfStopGone("410"))
    assert life.deadline == 414.0


@pytest.mark.parametrize("answer", [e.SelfStopAccepted("202"), e.SelfStopRejected("403")])
def test_wait_that_is_over_can_be_the_end(answer: e.Event) -> None:
    life = reported(stop_wait=50.0, after_stop_wait="exit")
    assert life.deadline == NEVER
    life.at(12.0, answer)
    assert kinds(life.at(62.0, TICK)) == ["Leave"]
    assert life.state.left == 0
    assert life.deadline == NEVER


def test_wait_that_is_over_ends_it_though_the_courier_is_under_way() -> None:
    life = reported(stop_wait=70.0, after_stop_wait="exit")
    life.at(12.0, e.SelfStopAccepted("202"))
    assert life.at(72.0, TICK) == (SEND,)
    assert life.deadline == 82.0
    assert kinds(life.at(82.0, TICK)) == ["CancelSelfStop", "Leave"]


def test_no_answer_is_waited_for_as_long_as_the_deployment_lives() -> None:
    life = reported(stop_wait=50.0, after_stop_wait="exit")
    assert life.at(1e6, e.SelfStopFailed("503"), TICK) == ()
    assert life.state.left is None


def test_sigterm_ends_it_and_calls_the_courier_back() -> None:
    life = reported()
    assert life.at(12.0, e.TermReceived(15)) == (CancelSelfStop(), Leave(0, "a caller asked"))


def test_new_agent_sends_again_what_has_no_answer() -> None:
    life = reported()
    assert SEND in life.at(12.0, GONE_GAME)
    life.at(13.0, e.SelfStopAccepted("202"))
    assert SEND not in life.at(14.0, GONE_GAME)
    assert life.deadline == 73.0
    life.at(73.0, TICK)
    assert SEND in life.at(74.0, GONE_GAME)


def test_answer_that_nobody_asked_for_counts_for_nothing() -> None:
    life = Life.ready()
    life.at(6.0, e.SelfStopAccepted("202"), e.SelfStopRejected("403"))
    assert life.state.owed.report is Report.NOT_OWED
    life.at(10.0, e.StopRequested(), e.LogsShipped())
    assert life.at(11.0, e.GameExited(0)) == (SEND,)


def test_nobody_is_told_outside_edgegap() -> None:
    life = Life()
    life.at(0.0, AT_HOME)
    life.at(10.0, e.StopRequested(), e.LogsShipped())
    assert life.at(11.0, e.GameExited(7 << 8)) == (Leave(7, "a caller asked"),)


def test_state_without_a_stop_owes_a_self_stop_without_a_reason() -> None:
    """It cannot come to that through ``step``; the function is total all the same."""
    state = State(boot_id="b", born=0.0)
    _, effects = reporting.settle(state, 10.0, Life().options)
    assert effects == (SendSelfStop(""),)
    assert reporting.next_step(state, Life().options) == NEVER


def test_game_is_back_neither_after_acceptance_nor_before() -> None:
    life = reported(on_game_exit="restart", on_game_crash="restart")
    effects = life.at(12.0, e.SelfStopAccepted("202"), GONE_GAME, e.GameExited(9), TICK)
    assert "RestartGame" not in kinds(effects)
    assert kinds(life.at(13.0, e.GameStarted(8))) == ["Say", "KillGame"]
    assert life.at(14.0, GAME)[-1:] != (SEND,)
