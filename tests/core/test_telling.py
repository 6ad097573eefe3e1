"""The status line, the bill, the counts: what outlives an agent, what on-call is billed for."""

import pytest

from agent.core import events as e
from agent.core.effects import Effect, PresentBill, TellStatus
from agent.core.options import Options
from agent.core.phases import Phase, Policy

from .life import AT_HOME, GAME, READY, TICK, Life

NEVER = float("inf")
SEGV = 139


def telling(**options: object) -> Life:
    life = Life(Options(**options), tells=True)  # type: ignore[arg-type]
    life.at(0.0, GAME)
    return life


def bills(effects: tuple[Effect, ...]) -> list[PresentBill]:
    return [each for each in effects if isinstance(each, PresentBill)]


def test_status_line_comes_each_period() -> None:
    life = telling(status_period=60.0)
    assert life.deadline == 60.0
    assert TellStatus() not in life.at(59.9, TICK)
    assert TellStatus() in life.at(60.0, TICK)
    assert life.deadline == 120.0


def test_lines_that_were_slept_through_are_not_made_up_for() -> None:
    life = telling(status_period=60.0)
    life.at(5.0, READY)
    assert life.at(3000.0, TICK).count(TellStatus()) == 1
    assert life.deadline == 3060.0


def test_status_line_goes_on_under_a_successor() -> None:
    life = telling(status_period=60.0)
    life.at(60.0, TICK)
    life.at(70.0, GAME)
    assert life.deadline == 120.0


def test_status_line_can_be_off() -> None:
    life = telling(status_period=0.0, max_duration=0.0, start_timeout=0.0)
    assert life.deadline == NEVER


def test_status_line_is_no_news_to_readers() -> None:
    life = telling(status_period=60.0)
    revision = life.state.revision
    life.at(60.0, TICK)
    assert life.state.revision == revision
    assert life.state.told_at == 60.0


def test_status_line_goes_on_while_sigterm_is_awaited_and_ends_with_the_leave() -> None:
    life = telling(status_period=60.0)
    life.at(30.0, e.GameExited(0), e.LogsShipped(), e.SelfStopAccepted())
    assert life.state.phase is Phase.STOPPED
    assert TellStatus() in life.at(60.0, TICK)
    life.at(70.0, e.TermReceived(15))
    assert life.state.left == 0
    assert life.deadline == NEVER


def test_bill_tells_what_the_time_was_worth() -> None:
    life = telling(everybody_left=120.0)
    life.at(5.0, READY)
    life.at(10.0, e.PlayerJoined("ann"))
    life.at(610.0, e.PlayerLeft("ann"))
    life.at(730.0, TICK)
    life.at(731.0, e.GameExited(15), e.LogsShipped(), e.SelfStopAccepted())
    (bill,) = bills(life.at(740.0, e.TermReceived(15)))
    assert bill == PresentBill(
        reason="everybody_left",
        seconds_played=600.0,
        seconds_empty=130.0,
        seconds_unknown=10.0,
        leave_to_stop=120.0,
        stop_to_exit=10.0,
    )


def test_bill_where_nobody_ever_left() -> None:
    life = telling()
    life.at(5.0, e.TermReceived(15), e.GameExited(15))
    (bill,) = bills(life.at(6.0, e.LogsShipped()))
    assert (bill.reason, bill.leave_to_stop, bill.stop_to_exit) == ("platform_sigterm", None, 1.0)
    assert (bill.seconds_played, bill.seconds_empty, bill.seconds_unknown) == (0.0, 1.0, 5.0)


def test_bill_comes_at_an_end_outside_edgegap_too() -> None:
    life = telling()
    life.at(0.0, AT_HOME)
    life.at(5.0, e.GameExited(0))
    assert len(bills(life.at(5.5, e.LogsShipped()))) == 1


def test_counting_goes_on_under_a_successor() -> None:
    life = telling()
    life.at(10.0, e.PlayersSet(count=3))
    life.at(50.0, GAME)
    assert life.state.occupancy.until(70.0, 0.0).seconds_played == 60.0
    assert life.state.occupancy.until(70.0, 0.0).seconds_unknown == 10.0


def test_players_who_stay_in_a_game_that_is_gone_do_not_count() -> None:
    life = telling()
    life.at(10.0, e.PlayersSet(count=3))
    life.at(50.0, e.GameExited(SEGV))
    assert life.state.occupancy.until(70.0, 0.0).seconds_played == 40.0
    assert life.state.occupancy.left_at == 50.0


@pytest.mark.parametrize(
    ("facts", "crashes"),
    [
        ((e.GameExited(SEGV),), 1),
        ((e.GameExited(SEGV), e.GameExited(SEGV)), 1),
        ((e.GameExited(SEGV), e.Resynced(7, 0.0, SEGV, None, on_edgegap=True)), 1),
        ((e.Resynced(7, 0.0, SEGV, None, on_edgegap=True),), 1),
        ((e.GameExited(0),), 0),
        ((e.StopRequested(), e.GameExited(SEGV)), 0),
        ((e.TermReceived(15), e.GameExited(SEGV)), 0),
        ((e.HealthReported("unhealthy"), e.GameExited(9)), 0),
    ],
    ids=["once", "twice", "heard-again", "unseen", "exit", "asked", "platform", "killed-by-us"],
)
def test_crash_is_an_end_that_failed_and_that_nobody_asked_for(
    facts: tuple[e.Event, ...], crashes: int
) -> None:
    life = telling(on_unhealthy=Policy.RESTART, on_game_crash=Policy.RESTART)
    life.at(5.0, READY)
    life.at(10.0, *facts)
    assert life.status.counts.game_crashes == crashes


def test_crash_before_the_first_agent_is_one() -> None:
    life = Life(tells=True)
    life.at(0.0, e.Resynced(7, 0.0, SEGV, None, on_edgegap=True))
    assert life.status.counts.game_crashes == 1


def test_restarts_are_counted_past_the_window_of_the_back_off() -> None:
    life = telling(on_game_crash=Policy.RESTART)
    for life_number in range(1, 4):
        at = life_number * 1000.0
        life.at(at, e.GameExited(SEGV))
        life.at(at + 5.0, TICK)
        life.at(at + 5.0, e.GameStarted(7 + life_number))
    assert life.status.counts.game_restarts == 3
    assert life.status.counts.game_crashes == 3
    assert life.status.game.restarts == 1


def test_answers_of_the_platform_are_counted_by_outcome() -> None:
    life = telling()
    life.at(5.0, e.GameExited(0))
    life.at(6.0, e.LogsShipped(), e.SelfStopFailed("503"), e.SelfStopFailed("503"))
    life.at(7.0, e.SelfStopAccepted("202"))
    assert life.status.counts.self_stops == {"failed": 2, "accepted": 1}


def test_source_that_goes_on_failing_has_failed_once() -> None:
    life = telling()
    life.at(5.0, READY, e.PlayersCounted("a2s", 2))
    for at, count in ((10.0, None), (15.0, None), (20.0, 2), (25.0, None)):
        life.at(at, e.PlayersCounted("a2s", count, note="no answer" * (count is None)))
    life.at(30.0, e.PlayersCounted("tcp", None, crowd=True))
    assert life.status.counts.source_failures == {"a2s": 2}
