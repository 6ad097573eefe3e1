"""Waiting for what another process does, where no event can be awaited."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = 20.0, what: str = "the condition") -> T:
    """Look until something true comes back; the time limit only guards against a hang."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > end:
            message = f"{what} did not come true within {seconds:g} s"
            raise TimeoutError(message)
        time.sleep(0.005)
    return seen
