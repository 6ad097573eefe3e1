"""Time is counted once, by what it was worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.occupancy import Occupancy, Use, use_of

TURNS = st.lists(st.tuples(st.floats(0.0, 1000.0), st.sampled_from(Use)))


@pytest.mark.parametrize(
    ("present", "is_running", "use"),
    [
        (None, True, Use.UNKNOWN),
        (False, True, Use.EMPTY),
        (True, True, Use.PLAYED),
        (None, False, Use.EMPTY),
        (True, False, Use.EMPTY),
    ],
)
def test_unknown_is_not_empty_yet_without_a_game_nobody_is_there(
    present: bool | None,  # noqa: FBT001 - a case of the table
    is_running: bool,  # noqa: FBT001 - a case of the table
    use: Use,
) -> None:
    assert use_of(present, is_running=is_running) is use


@given(TURNS)
def test_no_second_is_lost_or_counted_twice(turns: list[tuple[float, Use]]) -> None:
    occupancy, now = Occupancy(), 10.0
    for seconds, use in turns:
        now += seconds
        occupancy = occupancy.turned(use, now, born=10.0)
    total = occupancy.until(now, born=10.0)
    counted = total.seconds_played + total.seconds_empty + total.seconds_unknown
    assert counted == pytest.approx(now - 10.0)


def test_nothing_changes_while_the_use_stays_the_same() -> None:
    occupancy = Occupancy(Use.PLAYED, since=5.0)
    assert occupancy.turned(Use.PLAYED, 100.0, born=0.0) is occupancy


def test_last_leave_is_remembered_through_what_follows() -> None:
    occupancy = Occupancy(Use.PLAYED, since=5.0).turned(Use.EMPTY, 20.0, born=0.0)
    assert occupancy.turned(Use.UNKNOWN, 30.0, born=0.0).left_at == 20.0
