"""What an answer to the self-stop call means.

PID 1's rescue uses it next to the agent's courier: no imports here. All times in seconds.
"""

ACCEPTED = "accepted"
GONE = "gone"
REJECTED = "rejected"
RETRY = "retry"

BASE_SECONDS = 0.5
CAP_SECONDS = 30.0
RETRY_AFTER_CAP_SECONDS = 300.0  # a deployment is billed while we wait: no longer by mistake
REPEAT_SECONDS = 60.0
SLOW_REPEAT_SECONDS = 300.0
SLOW_AFTER_SECONDS = 900.0

_WORTH_RETRYING = (408, 425, 429)
_GONE = (404, 410)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_IMF_WORDS = 8  # Sun 06 Nov 1994 08 49 37 GMT; RFC 850 has as many
_ASCTIME_WORDS = 7  # Sun Nov 6 08 49 37 1994
_YEAR_DIGITS = 4
_UNIX_DAY_ZERO = 719_468  # days from 0000-03-01 to 1970-01-01


def judge(status_code: int) -> str:
    """Return what the platform's status code asks of us: one of the four verdicts.

    The document lists 200, 202, 400, 401, 403, 404, 500; an older one has 410. Anything
    else that would be answered the same next time (a redirect, 405) counts as rejected.
    """
    if status_code in range(200, 300):
        return ACCEPTED
    if status_code in _GONE:
        return GONE
    if status_code in _WORTH_RETRYING or status_code not in range(300, 500):
        return RETRY
    return REJECTED


def backoff_cap(attempt: int) -> float:
    """Return the longest pause after failed attempt number *attempt*, counted from 1."""
    doublings = min(max(attempt, 1) - 1, 10)  # a float cannot hold 2 ** 2000
    return min(CAP_SECONDS, BASE_SECONDS * 2.0**doublings)


def pause(attempt: int, retry_after: float | None, chance: float) -> float:
    """Return the pause before the next attempt: full jitter, on top of Retry-After.

    A fleet that meets an outage at once is told the same Retry-After at once: what only waits for
    that long comes back as one herd, each time (``bench/fleet.py``: 10,000 agents needed hours).

    Args:
        attempt: how many have failed in a row.
        retry_after: what the platform asked for, seconds.
        chance: a random number of [0, 1).
    """
    return (retry_after or 0.0) + chance * backoff_cap(attempt)


def repeat_after(elapsed: float) -> float:
    """Return the pause before an answered self-stop is sent once more.

    Args:
        elapsed: seconds since the first answer that counted.
    """
    return REPEAT_SECONDS if elapsed < SLOW_AFTER_SECONDS else SLOW_REPEAT_SECONDS


def retry_after_seconds(header: str | None, now_epoch: float) -> float | None:
    """Return what ``Retry-After`` asks for, capped, or None where it cannot be read.

    Args:
        header: seconds, or a date in one of the three forms of RFC 9110, section 5.6.7.
        now_epoch: the wall clock, which is the only clock that a date can be compared with.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), RETRY_AFTER_CAP_SECONDS)  # int() refuses thousands of digits
    at = _epoch(text)
    if at is None:
        return None
    return min(max(0.0, at - now_epoch), RETRY_AFTER_CAP_SECONDS)


def _epoch(date: str) -> float | None:
    words = date.lower().replace(",", " ").replace("-", " ").replace(":", " ").split()
    if len(words) == _IMF_WORDS and words[7] in {"gmt", "utc"}:
        _, day, month, year, *clock = words[:7]
    elif len(words) == _ASCTIME_WORDS:
        _, month, day, *clock, year = words
    else:
        return None
    numbers = [day, year, *clock]
    if month not in _MONTHS or not all(_is_short_number(number) for number in numbers):
        return None
    days = _days(_full_year(int(year)), _MONTHS.index(month) + 1, int(day))
    hours, minutes, seconds = (int(part) for part in clock)
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _is_short_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _YEAR_DIGITS


def _full_year(year: int) -> int:
    """Read two digits as POSIX does: 69 is 2069, 70 is 1970."""
    if year in range(70):
        return year + 2000
    return year + 1900 if year in range(70, 100) else year


def _days(year: int, month: int, day: int) -> int:
    """Count days since 1970-01-01 with years that begin in March, so a leap day is the last."""
    year -= month in {1, 2}  # January, February belong to the year before
    era_days = 365 * year + year // 4 - year // 100 + year // 400
    return era_days + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - _UNIX_DAY_ZERO
