"""Small reads gathered where they come too fast."""

import time

_FAST_READS = 1500  # in a window, from which on small reads are gathered: 15,000 a second
_WINDOW_SECONDS = 0.100  # long enough that a game which catches up after a pause is not meant
_SMALL_BYTES = 16 << 10
_FEW_BYTES = 512


class Coalescer:
    """Gathers small reads at high rates: 2 ms of latency for a third of the processor time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._on = False
        self._few = 0
        self._reads = 0
        self._window_at = 0.0

    def after(self, count: int, now: float) -> None:
        """Rest after a read of *count* bytes, if reads come too fast and bring too little."""
        if count >= _SMALL_BYTES or not self._seconds:
            return
        if self._on:
            self._few = self._few + 1 if count < _FEW_BYTES else 0
            self._on = self._few < 5  # noqa: PLR2004 - in a row: the rate is down again
            time.sleep(self._seconds)
            return
        if now - self._window_at > _WINDOW_SECONDS:
            self._window_at = now
            self._reads = 0
        self._reads += 1
        if self._reads >= _FAST_READS:
            self._on = True
            self._few = 0
