"""What a stop of our own could not ship has the grace of the platform's SIGTERM."""

import pytest

from agent.core import events as e
from agent.core.budget import end_at
from agent.core.effects import Effect, Leave, SendSelfStop, ShipLogs
from agent.core.phases import Phase

from .life import GAME, TICK, Life

D = 105.0 + 57.0  # the end of our stop, see budget


def reported(left: int | None) -> Life:
    """Return a life whose stop was reported to the platform with so many bytes unsent."""
    life = Life.ready(stop_timeout=60.0, grace=10.0)
    life.at(105.0, e.StopRequested("maintenance"))
    life.at(106.0, e.GameExited(0))
    if left is not None:
        life.at(107.0, e.LogsShipped(left))
    ordered = life.at(D, TICK)
    assert left is not None or ordered == (SendSelfStop("requested"),)
    assert life.state.phase is Phase.STOPPED
    life.at(D + 1, e.SelfStopAccepted("202"))
    return life


def shipments(effects: tuple[Effect, ...]) -> list[ShipLogs]:
    return [effect for effect in effects if isinstance(effect, ShipLogs)]


def test_stop_of_our_own_lets_shipping_go_on() -> None:
    life = Life.ready(stop_timeout=60.0)
    assert shipments(life.at(105.0, e.StopRequested())) == [ShipLogs(D, goes_on=True)]


def test_stop_by_the_platform_does_not() -> None:
    life = Life.ready(grace=10.0)
    assert shipments(life.at(105.0, e.TermReceived(15))) == [ShipLogs(end_at(105.0, 10.0))]


@pytest.mark.parametrize("left", [None, 1000])
def test_sigterm_gives_its_grace_to_what_is_left(left: int | None) -> None:
    life = reported(left)
    until = end_at(D + 2, 10.0)
    assert life.at(D + 2, e.TermReceived(15)) == (ShipLogs(until),)
    assert life.deadline == until
    (leave,) = life.at(D + 4, e.LogsShipped(7))
    assert isinstance(leave, Leave)


def test_grace_ends_the_wait() -> None:
    life = reported(1000)
    life.at(D + 2, e.TermReceived(15))
    assert life.at(D + 3, TICK) == ()
    (leave,) = life.at(life.deadline, TICK)
    assert isinstance(leave, Leave)


def test_new_agent_is_given_the_same_deadline() -> None:
    life = reported(None)
    life.at(D + 2, e.TermReceived(15))
    truth = e.Resynced(None, 0.0, 0, D + 2, on_edgegap=GAME.on_edgegap)
    assert ShipLogs(end_at(D + 2, 10.0)) in life.at(D + 3, truth)


def test_nothing_left_is_no_reason_to_wait() -> None:
    life = reported(0)
    (leave,) = life.at(D + 2, e.TermReceived(15))
    assert isinstance(leave, Leave)


def test_word_of_the_shipper_without_a_stop_is_nothing() -> None:
    life = Life.ready()
    state = life.state
    life.at(10.0, e.LogsShipped(5))
    assert life.state == state
