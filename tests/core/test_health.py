"""Silence is a sign of ill health, once the game has spoken."""

import pytest

from agent.core.health import Pulse, heard, judge, silent_at
from agent.core.options import Options
from agent.core.phases import Health

NEVER = float("inf")
OPTIONS = Options(health_timeout=60.0)


def test_silence_means_nothing_before_the_first_ping() -> None:
    assert silent_at(Pulse(), 5.0, OPTIONS) == NEVER
    assert judge(Pulse(), 5.0, 1e6, OPTIONS) is Health.UNKNOWN


def test_delay_arms_it_without_a_ping_once_the_game_is_ready() -> None:
    options = Options(health_timeout=60.0, health_delay=30.0)
    assert silent_at(Pulse(), None, options) == NEVER
    assert silent_at(Pulse(), 5.0, options) == 95.0


@pytest.mark.parametrize(("now", "health"), [(69.9, Health.HEALTHY), (70.0, Health.UNHEALTHY)])
def test_silence_after_a_ping_is_ill_health(now: float, health: Health) -> None:
    pulse = heard(Pulse(), "healthy", 0.0, 10.0)
    assert judge(pulse, 5.0, now, OPTIONS) is health


def test_loading_buys_silence() -> None:
    pulse = heard(Pulse(), "loading", 200.0, 10.0)
    assert silent_at(pulse, 5.0, OPTIONS) == 210.0
    assert judge(pulse, 5.0, 209.0, OPTIONS) is Health.LOADING
    assert judge(pulse, 5.0, 210.0, OPTIONS) is Health.UNHEALTHY


def test_loading_never_buys_less_than_a_ping() -> None:
    assert silent_at(heard(Pulse(), "loading", 1.0, 10.0), 5.0, OPTIONS) == 70.0


def test_ping_ends_what_loading_bought() -> None:
    pulse = heard(heard(Pulse(), "loading", 900.0, 10.0), "healthy", 0.0, 20.0)
    assert silent_at(pulse, 5.0, OPTIONS) == 80.0


def test_word_of_ill_health_counts_since_it_was_first_said() -> None:
    pulse = heard(heard(Pulse(), "unhealthy", 0.0, 10.0), "unhealthy", 0.0, 15.0)
    assert judge(pulse, 5.0, 15.0, OPTIONS) is Health.UNHEALTHY
    assert (pulse.since, pulse.heard_at) == (10.0, 15.0)
    assert heard(pulse, "healthy", 0.0, 20.0).since == 20.0


def test_unknown_word_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="splendid"):
        heard(Pulse(), "splendid", 0.0, 10.0)
