"""Calls that were expected, as against those that were made: a studio's CI reads the status."""

import pytest

from agent.control.routes import ROUTES
from agent.core import events as e
from agent.core import expectations
from agent.core.effects import Effect, Leave, Say
from agent.core.options import Options

from .life import AT_HOME, GAME, Life


def ended(life: Life, status: int = 0) -> tuple[int | None, list[Say]]:
    """Let the game leave; return the exit status with what was said."""
    said: tuple[Effect, ...] = life.at(20.0, e.GameExited(status), e.LogsShipped())
    return life.state.left, [each for each in said if isinstance(each, Say)]


def expecting(*names: str) -> Life:
    life = Life(Options(expect=names))
    life.at(0.0, AT_HOME)
    return life


def test_calls_as_expected_leave_the_status_alone() -> None:
    life = expecting("ready", "health")
    life.at(1.0, e.CallNoted("health"), e.CallNoted("ready"), e.CallNoted("health"))
    left, said = ended(life)
    assert left == 0
    assert said[-1] == Say("info", "the calls were as AGENT_EXPECT says")


@pytest.mark.parametrize(
    ("made", "difference"),
    [
        (("ready",), "missing health"),
        (("ready", "health", "stop"), "not expected stop"),
        (("stop",), "missing ready, health; not expected stop"),
    ],
)
def test_any_difference_is_told_and_ends_with_status_1(
    made: tuple[str, ...], difference: str
) -> None:
    life = expecting("ready", "health")
    life.at(1.0, *map(e.CallNoted, made))
    left, said = ended(life)
    assert left == 1
    assert said[-1] == Say("error", f"the calls were not as AGENT_EXPECT says: {difference}")


def test_status_of_a_game_that_failed_is_kept() -> None:
    assert ended(expecting("ready"), 7 << 8)[0] == 7


def test_difference_is_told_after_a_stop_of_the_platform_too() -> None:
    life = Life(Options(expect=("ready",)))
    life.at(0.0, GAME)
    life.at(1.0, e.TermReceived(15))
    assert ended(life)[0] == 1


def test_calls_are_known_to_a_successor_and_through_a_restart() -> None:
    life = expecting("ready")
    life.at(1.0, e.CallNoted("ready"))
    life.at(2.0, AT_HOME, e.GameStarted(8))
    assert ended(life)[0] == 0


def test_nothing_is_judged_where_nothing_is_expected() -> None:
    life = Life()
    life.at(0.0, AT_HOME)
    said = life.at(20.0, e.GameExited(0), e.LogsShipped())
    assert said[-1] == Leave(0, "the game left: exit status 0")
    assert not any("AGENT_EXPECT" in str(each) for each in said)


def test_names_are_read_as_people_write_them() -> None:
    assert expectations.parse(" Ready,health,, ready ") == ("ready", "health")
    assert expectations.parse("") == ()


def test_name_that_is_no_call_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"'reddy' is no call; write some of ready, health, "):
        expectations.parse("reddy")


def test_every_call_of_the_control_api_that_tells_something_can_be_expected() -> None:
    assert set(expectations.OWN) == {route.name for route in ROUTES if route.method != "GET"}
