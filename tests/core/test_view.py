"""Readers see what is known, null where nothing is."""

import pytest

from agent.core import events as e
from agent.core.phases import Health, Mode, Phase, Reason, Report
from agent.core.snapshot import HoldStatus, MatchStatus, StopStatus

from .life import AT_HOME, GAME, TICK, Life


def test_game_that_has_just_started() -> None:
    life = Life()
    life.at(0.0, GAME)
    life.now = 2.5
    status = life.status
    assert (status.phase, status.phase_seconds, status.uptime_seconds) == (
        Phase.STARTING,
        2.5,
        2.5,
    )
    assert (status.health, status.health_age_seconds) == (Health.UNKNOWN, None)
    assert (status.players.count, status.players.source) == (None, None)
    assert (status.game.pid, status.game.running, status.game.uptime_seconds) == (7, True, 2.5)
    assert (status.match, status.hold, status.stop, status.ready_by) == (None, None, None, None)
    assert status.self_stop.state is Report.NOT_OWED
    assert status.agent_starts == 1


def test_game_that_is_played() -> None:
    life = Life.ready()
    life.at(
        10.0,
        e.PlayersSet(ids=("ann",), count=3, capacity=8),
        e.MatchStarted("m"),
        e.HoldPlaced(60.0, "boss"),
        e.HealthReported("healthy"),
    )
    life.now = 12.0
    status = life.status
    assert (status.players.count, status.players.ids, status.players.capacity) == (3, ("ann",), 8)
    assert (status.players.age_seconds, status.health_age_seconds) == (2.0, 2.0)
    assert status.match == MatchStatus("m", 2.0)
    assert status.hold == HoldStatus(58.0, "boss")
    assert status.health is Health.HEALTHY


def test_hold_that_is_over_is_not_shown() -> None:
    life = Life.ready()
    life.at(10.0, e.HoldPlaced(60.0))
    life.now = 70.0
    assert life.status.hold is None


def test_silence_is_shown_as_ill_health() -> None:
    life = Life.ready()
    life.at(10.0, e.HealthReported("healthy"))
    life.now = 70.0
    assert life.status.health is Health.UNHEALTHY


def test_timers_are_shown_with_what_they_do() -> None:
    life = Life.ready(players="api")
    life.now = 15.0
    timers = {timer.name: timer for timer in life.status.timers}
    assert list(timers) == [
        "start_timeout",
        "nobody_joined",
        "everybody_left",
        "max_duration",
        "game_unhealthy",
    ]
    running = timers["nobody_joined"]
    assert (running.running, running.limit_seconds, running.elapsed_seconds) == (True, 300.0, 10.0)
    assert (timers["start_timeout"].running, timers["start_timeout"].elapsed_seconds) == (
        False,
        0.0,
    )


@pytest.mark.parametrize(
    ("resync", "options", "mode"),
    [
        (GAME, {}, Mode.ENFORCE),
        (GAME, {"mode": Mode.OBSERVE}, Mode.OBSERVE),
        (AT_HOME, {}, Mode.OBSERVE),
        (AT_HOME, {"mode_given": True}, Mode.ENFORCE),
    ],
)
def test_mode_is_shown_as_it_holds(
    resync: e.Resynced, options: dict[str, object], mode: Mode
) -> None:
    life = Life.ready(**options)
    life.at(6.0, resync)
    assert life.status.mode is mode


def test_stop_is_shown_stage_by_stage() -> None:
    life = Life.ready()
    life.at(10.0, e.PlayerJoined("ann"))
    told: list[tuple[float, e.Event, str, float]] = [
        (20.0, e.StopRequested("maintenance"), "drain", 47.0),
        (35.0, TICK, "ask", 32.0),
        (67.0, TICK, "kill", 0.0),
        (68.0, e.GameExited(9), "ship", 0.0),
        (69.0, e.LogsShipped(), "report", 0.0),
        (70.0, e.SelfStopRejected("403"), "report", 0.0),
        (130.0, TICK, "report", 0.0),
        (131.0, e.SelfStopAccepted("202"), "await", 0.0),
        (132.0, e.TermReceived(15), "done", 0.0),
    ]
    for at, event, stage, left in told:
        life.at(at, event)
        assert life.status.stop == StopStatus(Reason.REQUESTED, "maintenance", stage, left)
    assert life.status.self_stop.attempts == 2
    assert life.status.game.exit == "killed by SIGKILL"
    assert life.status.game.uptime_seconds is None


def test_report_is_unavailable_outside_edgegap() -> None:
    life = Life()
    life.at(0.0, AT_HOME)
    assert life.status.self_stop.state is Report.UNAVAILABLE


def test_what_would_have_been_stopped_is_counted() -> None:
    life = Life.ready(mode=Mode.OBSERVE)
    life.at(10.0, e.MatchEnded("m"))
    assert life.status.would_stop == {"match_ended": 1}
