"""What the platform's answers ask of us."""

import email.utils
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import verdicts

EPOCH = 1_790_000_000.0


@pytest.mark.parametrize(
    ("status_code", "verdict"),
    [
        (200, "accepted"),
        (202, "accepted"),
        (204, "accepted"),
        (404, "gone"),
        (410, "gone"),
        (400, "rejected"),
        (401, "rejected"),
        (403, "rejected"),
        (405, "rejected"),
        (302, "rejected"),
        (308, "rejected"),
        (408, "retry"),
        (425, "retry"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
        (599, "retry"),
        (101, "retry"),
        (999, "retry"),
    ],
)
def test_each_status_code_has_its_verdict(status_code: int, verdict: str) -> None:
    assert verdicts.judge(status_code) == verdict


def test_backoff_doubles_from_half_a_second_to_thirty() -> None:
    caps = [verdicts.backoff_cap(attempt) for attempt in range(1, 9)]
    assert caps == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@pytest.mark.parametrize(("attempt", "cap"), [(-1, 0.5), (0, 0.5), (10**6, 30.0)])
def test_backoff_of_odd_attempt_numbers_is_bounded(attempt: int, cap: float) -> None:
    assert verdicts.backoff_cap(attempt) == cap


@given(
    attempt=st.integers(1, 100),
    asked=st.none() | st.floats(0, 300),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_pause_is_jitter_under_the_cap_on_top_of_what_is_asked(
    attempt: int, asked: float | None, chance: float
) -> None:
    pause = verdicts.pause(attempt, asked, chance)
    assert 0.0 <= pause - (asked or 0.0) <= verdicts.backoff_cap(attempt) + 1e-9


def test_full_jitter_begins_at_zero() -> None:
    assert verdicts.pause(7, None, 0.0) == 0.0
    assert verdicts.pause(7, None, 0.5) == 15.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 12 ", 12.0),
        ("86400", 300.0),
        ("9" * 5000, 300.0),
        ("", None),
        (None, None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),  # a digit to str.isdigit, none to us
    ],
)
def test_retry_after_in_seconds_is_read(header: str | None, seconds: float | None) -> None:
    assert verdicts.retry_after_seconds(header, EPOCH) == seconds


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_retry_after_as_a_date_is_read_in_every_form_of_the_rfc(date: str) -> None:
    assert verdicts.retry_after_seconds(date, 784_111_777 - 20.0) == 20.0


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, xx Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sun, 06 Nov 1994",
        "Sun Nov  6 08:49:xx 1994",
    ],
)
def test_retry_after_that_is_no_date_is_ignored(date: str) -> None:
    assert verdicts.retry_after_seconds(date, EPOCH) is None


def test_two_digits_of_a_year_are_read_as_posix_does() -> None:
    date = "Wednesday, 06-Nov-30 00:00:20 GMT"
    at = email.utils.parsedate_to_datetime("Wed, 06 Nov 2030 00:00:20 GMT").timestamp()
    assert verdicts.retry_after_seconds(date, at - 5) == 5.0


@given(st.integers(0, 4_000_000_000))
def test_dates_agree_with_the_standard_library(epoch: int) -> None:
    date = email.utils.formatdate(epoch, usegmt=True)
    assert verdicts.retry_after_seconds(date, epoch - 30.0) == 30.0
    assert verdicts.retry_after_seconds(date, epoch + 30.0) == 0.0
    asctime = time.asctime(time.gmtime(epoch))
    assert verdicts.retry_after_seconds(asctime, epoch - 30.0) == 30.0


@given(st.text(max_size=60))
def test_no_header_makes_the_reading_fail(header: str) -> None:
    seconds = verdicts.retry_after_seconds(header, EPOCH)
    assert seconds is None or 0.0 <= seconds <= verdicts.RETRY_AFTER_CAP_SECONDS


@pytest.mark.parametrize(
    ("elapsed", "seconds"), [(0.0, 60.0), (899.9, 60.0), (900.0, 300.0), (1e9, 300.0)]
)
def test_an_answered_stop_is_repeated_each_minute_then_each_five(
    elapsed: float, seconds: float
) -> None:
    assert verdicts.repeat_after(elapsed) == seconds


@pytest.mark.parametrize("module", ["verdicts", "selfstop"])
def test_module_is_light_enough_for_pid_1(module: str) -> None:
    root = Path(verdicts.__file__).parents[2]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); before = set(sys.modules); "
        f"import agent.core.{module}; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["agent", "agent.core", f"agent.core.{module}"]
