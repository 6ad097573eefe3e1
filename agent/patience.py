"""An end to a pattern that would match for ever."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 0.05
"""Of processor time: a search that was there at two looks is ended."""

Spans = list[tuple[int, int]]


class ImpatienceError(Exception):
    """The search took too long."""


class Patience:
    """Ends a search that takes too long, by raising `ImpatienceError` in it.

    Python's matcher looks at the pending signals every 4,096 steps, so a handler that raises
    ends it, whatever the pattern. The timer counts the processor time of this process: a busy
    machine makes no search slow. A process of its own for the patterns would do the same for
    4.4 MiB (PSS, measured); a thread could not, for the matcher holds the interpreter's lock.
    """

    def __init__(self) -> None:
        self._searches = 0
        self._seen = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the searches of the block; only the main thread gets signals, so only there."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # The handler stays: one look may still be on its way when the timer stops, and what
        # stood there before would end the process.
        signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def search(self, pattern: re.Pattern[bytes], data: bytes) -> Spans:
        """Return where the pattern matches; of one with groups, where those are.

        Raises:
            ImpatienceError: it takes too long.
        """
        self._searches += 1
        return _search(pattern, data)

    def first(self, pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
        """Return the first match, None where there is none.

        Raises:
            ImpatienceError: it takes too long.
        """
        self._searches += 1
        return _first(pattern, text)

    def _look(self, _signum: int, frame: FrameType | None) -> None:
        """End the search that was already there at the last look.

        A finaliser or a callback of the garbage collector may run in the midst of a search.
        There an exception would be lost, so it has to wait for the next look.
        """
        if frame is None or frame.f_code not in (_search.__code__, _first.__code__):
            return
        if self._seen == self._searches:
            raise ImpatienceError
        self._seen = self._searches


def _first(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.search(text)


def _search(pattern: re.Pattern[bytes], data: bytes) -> Spans:
    spans = []
    for match in pattern.finditer(data):
        for group in range(1, pattern.groups + 1) if pattern.groups else (0,):
            start, end = match.span(group)
            if start < end:
                spans.append((start, end))
    return spans
