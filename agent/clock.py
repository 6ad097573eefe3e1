"""Boot-time seconds: they go on while the machine sleeps, they never jump."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # rescue reads the clock too, without a loop
    import asyncio


def now() -> float:
    """Return CLOCK_BOOTTIME in seconds, the same clock in every process of the container."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wall() -> float:
    """Return the wall clock in seconds since 1970, fit only for comparing with a date."""
    return time.clock_gettime(time.CLOCK_REALTIME)


async def wait(event: "asyncio.Event", seconds: float) -> bool:
    """Wait until *event* is set, *seconds* at most; return whether it is."""
    import asyncio

    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return event.is_set()
