"""A game that keeps leaving is started again more and more rarely, then no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import restarts

times = st.lists(st.floats(0.0, 2000.0), max_size=20).map(sorted).map(tuple)


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(0, 1.0), (1, 2.0), (2, 4.0), (4, 16.0), (5, 32.0), (6, 60.0), (9, 60.0)],
)
def test_back_off_doubles_to_a_minute(count: int, seconds: float) -> None:
    assert restarts.delay((100.0,) * count, 100.0) == seconds


def test_five_within_ten_minutes_are_enough() -> None:
    history = (100.0, 200.0, 300.0, 400.0, 500.0)
    assert not restarts.is_hopeless(history[1:], 500.0)
    assert restarts.is_hopeless(history, 699.9)
    assert not restarts.is_hopeless(history, 700.0)


def test_old_ones_are_forgotten() -> None:
    assert restarts.noted((100.0, 800.0), 900.0) == (800.0, 900.0)


@given(times, st.floats(2000.0, 5000.0))
def test_list_never_grows_past_the_window(history: tuple[float, ...], now: float) -> None:
    noted = restarts.noted(history, now)
    assert noted[-1] == now
    assert all(at > now - restarts.WINDOW_SECONDS for at in noted)
    assert 1.0 <= restarts.delay(history, now) <= restarts.MOST_SECONDS
