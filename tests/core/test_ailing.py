"""What looks from outside say of the game's health, when that counts."""

import pytest

from agent.core import events as e
from agent.core.ailing import illness
from agent.core.phases import Health, Phase, Policy, Reason
from agent.core.state import State

from .life import GAME, READY, Life, kinds

ASKED = "a2s:27015"


def failure(check: str = ASKED, *, busy: bool = False) -> e.ConditionChecked:
    return e.ConditionChecked(check, holds=False, note="no answer", busy=busy)


def success(check: str = ASKED) -> e.ConditionChecked:
    return e.ConditionChecked(check, holds=True)


def reason(state: State) -> Reason | None:
    return None if state.stop is None else state.stop.reason


def test_game_that_answers_no_more_is_unhealthy_after_several_failures_in_a_row() -> None:
    life = Life.ready(health_when=ASKED)
    life.at(10.0, failure(), failure(), success(), failure(), failure())
    assert (life.status.health, reason(life.state)) == (Health.UNKNOWN, None)
    effects = life.at(20.0, failure())
    assert reason(life.state) is Reason.GAME_UNHEALTHY
    assert life.state.why == ("a2s:27015 failed 3 times in a row (no answer), at rest meanwhile")
    assert "ExamineGame" in kinds(effects)
    assert life.status.health is Health.UNHEALTHY


def test_game_that_works_meanwhile_has_twice_the_patience() -> None:
    life = Life.ready(health_when=ASKED)
    life.at(10.0, *(failure(busy=True) for _ in range(5)))
    assert reason(life.state) is None
    life.at(20.0, failure(busy=True))
    assert life.state.why == "a2s:27015 failed 6 times in a row (no answer)"


def test_game_that_comes_to_rest_loses_that_patience() -> None:
    life = Life.ready(health_when=ASKED)
    life.at(10.0, *(failure(busy=True) for _ in range(5)))
    life.at(20.0, failure())
    assert reason(life.state) is Reason.GAME_UNHEALTHY


def test_failures_before_game_ready_are_none() -> None:
    life = Life()
    life.options = Life.ready(health_when=ASKED).options
    life.at(0.0, GAME, *(failure() for _ in range(9)))
    life.at(5.0, READY, failure(), failure())
    assert reason(life.state) is None


def test_map_travel_is_no_failure() -> None:
    life = Life.ready(health_when=ASKED, health_timeout=600.0)
    life.at(10.0, e.HealthReported("loading", 60.0), *(failure() for _ in range(9)))
    assert reason(life.state) is None
    life.at(71.0, failure(), failure())
    assert reason(life.state) is None
    life.at(72.0, failure())
    assert reason(life.state) is Reason.GAME_UNHEALTHY


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.READY])
def test_fatal_line_counts_at_once(phase: Phase) -> None:
    life = Life.ready(health_when="log!:^FATAL\nport")
    if phase is Phase.STARTING:
        life = Life(life.options)
        life.at(0.0, GAME)
    fatal = e.ConditionChecked("log!:^FATAL", holds=False, note="FATAL: no map")
    life.at(10.0, failure("port"), fatal)
    assert (reason(life.state), life.state.why) == (
        Reason.GAME_UNHEALTHY,
        "it wrote 'FATAL: no map'",
    )


def test_one_of_several_answers_is_enough_where_any_will_do() -> None:
    life = Life.ready(health_when="any(a2s:27015, http:80/)")
    life.at(10.0, *(failure() for _ in range(9)))
    assert illness(life.state, life.options) is None
    life.at(11.0, *(failure("http:80/") for _ in range(3)))
    assert life.state.why.startswith("a2s:27015 failed 9 times in a row (no answer), at rest")
    assert "; http:80/ failed 3 times" in life.state.why


def test_unhealthy_game_is_started_again_where_that_was_set() -> None:
    life = Life.ready(health_when=ASKED, on_unhealthy=Policy.RESTART, hang_cap=0.0)
    assert kinds(life.at(10.0, failure(), failure(), failure())) == [
        "ExamineGame",
        "Say",
        "KillGame",
    ]
    life.at(11.0, e.GameExited(9))
    assert life.state.checks == {}
    assert life.status.health is Health.UNKNOWN


def test_timer_says_that_nothing_has_failed() -> None:
    life = Life.ready(health_when=ASKED)
    timer = next(t for t in life.status.timers if t.name == "game_unhealthy")
    assert timer.why == "AGENT_HEALTH_WHEN holds, as far as is known"


def test_endless_failures_say_nothing_new() -> None:
    life = Life.ready()
    life.at(10.0, *(failure() for _ in range(20)))
    before = life.state
    life.at(20.0, failure())
    assert life.state is before
