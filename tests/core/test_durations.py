"""Durations are read as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("1.5s", 1.5),
        ("300ms", 0.3),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("23h30m", 84_600.0),
        ("1d", 86_400.0),
        (" 2M ", 120.0),
        ("0", 0.0),
        ("1m1ms", 60.001),
    ],
)
def test_duration_is_read(text: str, seconds: float) -> None:
    assert durations.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "5 m", "-5", "1e3", "nan", "inf", "5w", "1h30", "1..5s", "٣s", "m5", "5sm"]
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write 90, 90s, 5m"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (90.0, "1m30s"), (0.3, "300ms"), (5400.0, "1h30m"), (86_400.0, "24h")],
)
def test_duration_is_written(seconds: float, text: str) -> None:
    assert durations.render(seconds) == text


@given(st.integers(0, 10**10))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert durations.parse(durations.render(seconds)) == pytest.approx(seconds)
