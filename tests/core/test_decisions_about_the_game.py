"""What follows when the game leaves, fails, or is unwell: a stop, another start, the end."""

import pytest

from agent.core import events as e
from agent.core.effects import KillGame, Leave, RestartGame, Say
from agent.core.phases import Mode, Phase, Policy, Reason

from .life import AT_HOME, GAME, READY, TICK, Life, kinds


def phase(life: Life) -> Phase:
    return life.state.phase


def reason(life: Life) -> Reason | None:
    return None if life.state.stop is None else life.state.stop.reason


@pytest.mark.parametrize("status", [0, 15, 143 << 8])
def test_game_that_leaves_by_itself_has_exited(status: int) -> None:
    life = Life.ready(on_game_crash=Policy.RESTART)
    effects = life.at(10.0, e.GameExited(status))
    assert reason(life) is Reason.GAME_EXITED
    assert isinstance(effects[1], Say)
    assert effects[1].level == "info"


@pytest.mark.parametrize("status", [7 << 8, 9, 139])
def test_game_that_fails_has_crashed(status: int) -> None:
    life = Life.ready(on_game_exit=Policy.RESTART)
    effects = life.at(10.0, e.GameExited(status))
    assert reason(life) is Reason.GAME_CRASHED
    assert isinstance(effects[1], Say)
    assert effects[1].level == "warning"


def test_restart_waits_for_its_back_off_and_is_ordered_once() -> None:
    life = Life.ready(on_game_exit=Policy.RESTART)
    life.at(10.0, e.PlayerJoined("ann"))
    assert kinds(life.at(20.0, e.GameExited(0))) == ["ReportCrash", "Say"]
    assert (life.state.phase, life.state.players.count, life.deadline) == (
        Phase.STARTING,
        None,
        21.0,
    )
    assert life.at(20.5, TICK, READY) == ()
    assert life.at(21.0, TICK) == (RestartGame(),)
    assert life.at(21.1, TICK) == ()
    life.at(21.2, e.GameStarted(8), READY)
    assert (life.state.phase, life.state.game.restarts) == (Phase.READY, (20.0,))


def test_restart_is_ordered_again_by_a_new_agent_but_counted_once() -> None:
    life = Life.ready(on_game_exit=Policy.RESTART, on_game_crash=Policy.STOP)
    life.at(20.0, e.GameExited(0))
    assert life.at(21.0, TICK) == (RestartGame(),)
    again = life.at(22.0, e.Resynced(7, 0.0, 0, None, on_edgegap=True))
    assert kinds(again) == ["ReportCrash", "RestartGame"]
    assert life.state.game.restarts == (20.0,)


def test_start_that_fails_is_a_crash() -> None:
    life = Life.ready(on_game_exit=Policy.RESTART)
    life.at(20.0, e.GameExited(0))
    life.at(21.0, TICK, e.GameNotStarted("no such file"))
    assert reason(life) is Reason.GAME_CRASHED
    assert life.state.why == "the game did not start again: no such file"


def test_restarts_come_to_an_end() -> None:
    life = Life.ready(on_game_crash=Policy.RESTART)
    at, pid = 10.0, 7
    starts = 0
    while life.state.stop is None:
        life.at(at, e.GameExited(256))
        at = max(at, life.state.game.restart_at or at)
        if RestartGame() in life.at(at, TICK):
            starts, pid = starts + 1, pid + 1
            life.at(at, e.GameStarted(pid))
    assert starts == 5
    assert life.state.why.endswith("it was started again too often")


def test_another_life_of_the_game_may_end_a_match_of_the_same_name() -> None:
    life = Life.ready(on_game_crash=Policy.RESTART, mode=Mode.OBSERVE)
    life.at(10.0, e.MatchStarted("m"), e.MatchEnded("m"), e.GameExited(256))
    life.at(11.0, TICK, e.GameStarted(8), READY)
    life.at(20.0, e.MatchEnded("m"))
    assert life.state.would_stop == {"match_ended": 2}


def test_game_that_is_asked_to_leave_is_not_killed_for_ill_health() -> None:
    life = Life.ready(on_unhealthy=Policy.RESTART)
    life.at(10.0, e.StopRequested())
    assert life.at(11.0, e.HealthReported("unhealthy"), TICK) == ()


def test_stop_amid_a_back_off_ends_the_back_off() -> None:
    life = Life.ready(on_game_exit=Policy.RESTART)
    life.at(20.0, e.GameExited(0))
    life.at(20.5, e.StopRequested())
    assert RestartGame() not in life.at(30.0, TICK)


@pytest.mark.parametrize(
    ("setting", "status"), [("on_game_exit", 0), ("on_game_crash", 7)], ids=["exit", "crash"]
)
def test_policy_exit_leaves_with_the_games_status(setting: str, status: int) -> None:
    life = Life.ready(**{setting: Policy.EXIT})
    life.at(10.0, e.GameExited(status << 8))
    assert life.state.stop is not None
    assert not life.state.stop.ours
    (leave,) = life.at(10.1, e.LogsShipped())
    assert isinstance(leave, Leave)
    assert leave.status == status


def test_sigterm_shortens_what_follows_the_policy_exit() -> None:
    life = Life.ready(on_game_exit=Policy.EXIT)
    life.at(10.0, e.GameExited(0))
    assert life.deadline == 67.0
    life.at(11.0, e.TermReceived(15))
    assert life.deadline == 15.75


def test_unhealthy_game_is_killed_once_then_started_again() -> None:
    life = Life.ready(on_unhealthy=Policy.RESTART)
    effects = life.at(10.0, e.HealthReported("unhealthy"))
    assert kinds(effects) == ["Say", "KillGame"]
    assert life.at(15.0, e.HealthReported("unhealthy"), TICK) == ()
    assert KillGame() in life.at(16.0, GAME)
    life.at(17.0, e.GameExited(9))
    assert (life.state.phase, life.state.stop) == (Phase.STARTING, None)
    assert life.at(18.0, TICK) == (RestartGame(),)


def test_unhealthy_game_that_was_restarted_too_often_is_stopped() -> None:
    life = Life.ready(on_unhealthy=Policy.RESTART, on_game_crash=Policy.RESTART)
    for number in range(5):
        life.at(10.0 + number, e.GameExited(256), e.GameStarted(8 + number))
    life.at(20.0, READY, e.HealthReported("unhealthy"))
    assert reason(life) is Reason.GAME_UNHEALTHY


def test_unhealthy_game_can_end_the_container_alone() -> None:
    life = Life.ready(on_unhealthy=Policy.EXIT)
    life.at(10.0, e.HealthReported("unhealthy"), e.LogsShipped())
    assert life.at(11.0, e.GameExited(15))[-1:] == (Leave(143, life.state.why),)


@pytest.mark.parametrize("policy", list(Policy))
def test_unhealthy_game_is_left_alone_where_we_only_observe(policy: Policy) -> None:
    for life in (
        Life.ready(on_unhealthy=policy, mode=Mode.OBSERVE),
        Life.ready(on_unhealthy=policy),
    ):
        if life.options.mode is Mode.ENFORCE:
            life.at(6.0, AT_HOME)
        effects = life.at(10.0, e.HealthReported("unhealthy"))
        assert effects == (
            Say("warning", "would stop: game_unhealthy (the game says that it is unhealthy)"),
        )
        assert life.at(15.0, e.HealthReported("unhealthy")) == ()
        assert life.state.would_stop == {"game_unhealthy": 1}


def test_observing_ends_with_the_game_all_the_same() -> None:
    life = Life.ready(mode=Mode.OBSERVE)
    life.at(10.0, e.GameExited(7 << 8))
    assert life.state.would_stop == {"game_crashed": 1}
    assert life.at(10.0, e.LogsShipped()) == (Leave(7, "the game left: exit status 7"),)


def test_stop_in_a_back_off_is_no_kill() -> None:
    life = Life.ready(on_game_exit=Policy.RESTART)
    life.at(10.0, e.GameExited(0))
    life.at(11.0, TICK)
    assert life.at(11.0, e.TermReceived(15), e.LogsShipped())[-1:] == (
        Leave(0, "the platform sent SIGTERM"),
    )
