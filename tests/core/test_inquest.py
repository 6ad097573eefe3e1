"""An exit that nobody asked for is reported once; one that was wanted is not."""

import pytest

from agent.core import events as e
from agent.core.crash import Crash
from agent.core.effects import ReportCrash
from agent.core.options import Options
from agent.core.phases import Policy

from .life import GAME, READY, TICK, Life

SEGV = 139


def reported(life: Life, at: float, *events: e.Event) -> list[Crash]:
    return [each.crash for each in life.at(at, *events) if isinstance(each, ReportCrash)]


def test_crash_is_told_with_what_was_known_of_that_life() -> None:
    life = Life.ready(on_game_crash=Policy.RESTART)
    life.at(8.0, e.PlayersSet(count=3))
    assert reported(life, 30.0, e.GameExited(SEGV)) == [
        Crash(
            number=1,
            kind="crashed",
            exit=SEGV,
            why="",
            phase="in_match",
            was_ready=True,
            uptime_seconds=30.0,
            players=3,
            restarts=0,
        )
    ]
    life.at(40.0, TICK, e.GameStarted(8))
    (second,) = reported(life, 45.0, e.GameExited(1 << 8))
    assert (second.number, second.was_ready, second.restarts) == (2, False, 1)


def test_exit_with_status_0_is_no_crash_but_told() -> None:
    assert [each.kind for each in reported(Life.ready(), 10.0, e.GameExited(0))] == ["exited"]


def test_exit_is_told_once_however_often_it_is_heard() -> None:
    life = Life.ready(on_game_crash=Policy.RESTART)
    life.at(10.0, e.GameExited(SEGV), e.CrashReported(1))
    again = e.Resynced(None, 0.0, SEGV, None, on_edgegap=True)
    assert reported(life, 10.5, e.GameExited(SEGV), again, TICK) == []


def test_report_that_an_agent_owed_when_it_died_is_owed_by_the_next() -> None:
    life = Life.ready()
    (owed,) = reported(life, 10.0, e.GameExited(SEGV))
    again = e.Resynced(None, 0.0, SEGV, None, on_edgegap=True)
    assert reported(life, 11.0, again) == [owed]
    life.at(12.0, e.CrashReported(7))  # of no crash that we know
    assert reported(life, 13.0, again) == [owed]
    life.at(14.0, e.CrashReported(1))
    assert reported(life, 15.0, again) == []


def test_exit_that_happened_while_no_agent_was_there_is_told() -> None:
    life = Life(Options())
    gone = e.Resynced(None, None, SEGV, None, on_edgegap=True)
    (crash,) = reported(life, 10.0, gone)
    assert crash.uptime_seconds is None


@pytest.mark.parametrize(
    "asked",
    [
        (e.TermReceived(15), e.GameExited(SEGV)),
        (e.StopRequested("enough"), e.GameExited(SEGV)),
        (e.Resynced(None, 0.0, SEGV, 9.0, on_edgegap=True),),
    ],
    ids=["by the platform", "by a caller", "while no agent was there"],
)
def test_exit_that_was_asked_for_is_not_told(asked: tuple[e.Event, ...]) -> None:
    assert reported(Life.ready(), 10.0, *asked) == []


def test_leaving_in_the_drain_is_no_crash_but_dying_in_it_is() -> None:
    for status, count in ((0, 0), (SEGV, 1)):
        life = Life.ready()
        life.at(8.0, e.PlayersSet(count=3), e.StopRequested("enough"))
        assert len(reported(life, 9.0, e.GameExited(status))) == count


def test_game_that_we_killed_at_its_deadline_is_not_told() -> None:
    life = Life.ready()
    life.at(10.0, e.StopRequested("enough"))
    life.at(life.deadline, TICK)
    assert life.state.game.killed
    assert reported(life, 60.0, e.GameExited(9)) == []


def test_report_without_a_crash_changes_nothing() -> None:
    life = Life()
    life.at(0.0, GAME, READY)
    before = life.state
    life.at(1.0, e.CrashReported(1))
    assert life.state is before
