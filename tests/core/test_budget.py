"""No share of the grace lies past the grace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import budget

seconds = st.floats(0.0, 86_400.0, allow_nan=False)
begun = st.floats(0.0, 1e6, allow_nan=False)
tiny = 1e-6


@pytest.mark.parametrize(
    ("grace", "kill_at", "end_at"),
    [
        (0.0, 100.0, 100.0),
        (0.2, 100.0, 100.0),
        (1.0, 100.45, 100.75),
        (2.0, 101.15, 101.75),
        (4.0, 102.75, 103.75),
        (5.0, 103.75, 104.75),
        (10.0, 107.5, 109.5),
        (30.0, 122.5, 128.5),
        (60.0, 147.0, 157.0),
        (3600.0, 3510.0, 3520.0),
    ],
)
def test_deadlines_of_a_grace(grace: float, kill_at: float, end_at: float) -> None:
    assert budget.kill_at(100.0, grace) == pytest.approx(kill_at)
    assert budget.end_at(100.0, grace) == pytest.approx(end_at)


@given(begun, seconds)
def test_no_deadline_lies_past_the_grace(at: float, grace: float) -> None:
    kill_at, end_at = budget.kill_at(at, grace), budget.end_at(at, grace)
    assert at <= kill_at <= end_at + tiny
    assert end_at <= at + grace


@given(seconds)
def test_reserve_is_never_more_than_ten_seconds_nor_the_grace(grace: float) -> None:
    assert 0.0 <= budget.reserve(grace) <= min(10.0, grace)


@given(seconds, seconds)
def test_drain_is_a_quarter_of_the_budget_at_most(stop_timeout: float, drain: float) -> None:
    assert 0.0 <= budget.drain_seconds(stop_timeout, drain) <= min(drain, stop_timeout / 4)


def test_drain_without_any_time_is_none() -> None:
    assert budget.drain_seconds(60.0, 15.0) == 15.0
    assert budget.drain_seconds(20.0, 15.0) == 5.0
    assert budget.drain_seconds(-1.0, 15.0) == 0.0


@given(st.lists(seconds).map(tuple), seconds)
def test_caps_shrink_in_proportion_to_the_room(caps: tuple[float, ...], room: float) -> None:
    shrunk = budget.shrink(caps, room)
    assert sum(shrunk) <= max(room, 0.0) * (1 + tiny) + tiny
    assert all(after <= before for before, after in zip(caps, shrunk, strict=True))
    if sum(caps) <= room:
        assert shrunk == caps


def test_caps_are_shrunk_to_nothing_where_there_is_no_room() -> None:
    assert budget.shrink((2.0, 1.0), -1.0) == (0.0, 0.0)
    assert budget.shrink((6.0, 4.0), 5.0) == (3.0, 2.0)
    assert budget.shrink((), 0.0) == ()
