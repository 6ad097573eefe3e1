"""How hard a log store is tried, in ordinary life as against one absolute deadline.

Nothing here waits: each rule says for how long somebody may. All times are boot-time seconds,
a deadline of infinity means that no stop is on.
"""

from dataclasses import dataclass

NEVER = float("inf")
ATTEMPT_SECONDS = 30.0
LEAST_SECONDS = 0.05
"""With less than that left, no attempt is worth it."""

LAST_WORDS_SECONDS = 0.1
"""What is kept of the time for the line that says what was shipped, and for our exit."""

LANES = 3
"""Objects on their way at the same time in a stop; the tail has a lane of its own beside them."""

REFUSED_SECONDS = 60.0
_FIRST_SECONDS = 0.1
_CAP_SECONDS = 60.0
_HURRIED_CAP_SECONDS = 1.0
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of one source that a store lacks.

    Attributes:
        age: of the life of the container that they belong to: 0 = this one, 1 = the one before.
        born: when the first of them came; only compared.
        is_tail: nothing more will come from this source.
    """

    source: str
    start: int
    end: int
    born: float = 0.0
    age: int = 0
    is_tail: bool = False


def end_at(until: float) -> float:
    """Return when shipping ends for a stop that ends at *until*."""
    return until - LAST_WORDS_SECONDS


def attempt_seconds(now: float, end: float) -> float | None:
    """Return the most that one attempt may take, None where none is worth it any more."""
    left = end - now
    return None if left < LEAST_SECONDS else min(ATTEMPT_SECONDS, left)


def pause_seconds(
    failures: int, luck: float, now: float, end: float, after: float | None = None
) -> float | None:
    """Return how long to wait after a failure, None to give this object up.

    Args:
        failures: in a row, this one included.
        luck: from 0 to 1, drawn anew each time: full jitter.
        now: boot-time seconds.
        end: when shipping ends.
        after: the pause that the store has asked for; one that is longer than the time that
            is left means that it will not take this object.
    """
    cap = _CAP_SECONDS if end == NEVER else _HURRIED_CAP_SECONDS
    most = min(cap, _FIRST_SECONDS * 2.0 ** min(failures, _MOST_DOUBLINGS))
    wait = max(_FIRST_SECONDS + luck * (most - _FIRST_SECONDS), after or 0.0)
    return None if now + wait + LEAST_SECONDS > end else wait


def refused_seconds(end: float) -> float | None:
    """Return how long to wait after a fault of the configuration, None to give the store up.

    Somebody may correct it while we run, but not within a grace.
    """
    return REFUSED_SECONDS if end == NEVER else None


def choose(waiting: list[Stretch], busy: list[Stretch], end: float) -> list[Stretch]:
    """Return what is sent next: the tail before all else, then the oldest first.

    Args:
        waiting: what is neither delivered nor on its way.
        busy: what is on its way.
        end: when shipping ends; in ordinary life one object goes after the other.
    """
    lanes = 1 if end == NEVER else LANES
    tails = sorted((each for each in waiting if each.is_tail), key=_order)
    rest = sorted((each for each in waiting if not each.is_tail), key=_order)
    free_tails = 1 - sum(each.is_tail for each in busy)
    free = lanes - sum(not each.is_tail for each in busy)
    own, others = tails[: max(0, free_tails)], tails[max(0, free_tails) :]
    return own + (others + rest)[: max(0, free)]


def _order(stretch: Stretch) -> tuple[int, float, int, str]:
    return -stretch.age, stretch.born, stretch.start, stretch.source
