"""An end to a pattern that would match for ever."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 0.05
"""Of processor time: a search that was there at two looks is ended."""


class ImpatienceError(Exception):
    """The search took too long."""


class Patience:
    """Ends a search that takes too long, by raising `ImpatienceError` in it.

    Python's matcher looks at the pending signals every 4,096 steps, so a handler that raises
    ends it, whatever the pattern. The timer counts the processor time of this process: a busy
    machine makes no search slow.
    """

    def __init__(self) -> None:
        self._searches = 0
        self._seen = -1
        self._searching = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the searches of the block; only the main thread gets signals, so only there."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)

    @contextmanager
    def search(self) -> Iterator[None]:
        """Mark one search."""
        self._searches += 1
        self._searching = True
        try:
            yield
        finally:
            self._searching = False

    def _look(self, _signum: int, _frame: FrameType | None) -> None:
        """End the search that was already there at the last look."""
        if self._searching and self._seen == self._searches:
            raise ImpatienceError
        self._seen = self._searches
