"""The clock that every process of the container shares."""

import time


def now() -> float:
    """Return CLOCK_BOOTTIME in seconds; it goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
