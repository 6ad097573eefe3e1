"""The rate limits that the document states in its texts."""

import math
from collections import deque
from collections.abc import Callable

_WINDOW = 1.0  # seconds


class Limit:
    """At most so many calls in any second."""

    def __init__(self, calls: int, now: Callable[[], float]) -> None:
        self._now = now
        self._recent: deque[float] = deque(maxlen=calls)

    def wait(self) -> int:
        """Count a call; return 0, or after how many whole seconds to try again."""
        now = self._now()
        is_full = len(self._recent) == self._recent.maxlen
        if is_full and (left := self._recent[0] + _WINDOW - now) > 0:
            return math.ceil(left)
        self._recent.append(now)
        return 0
