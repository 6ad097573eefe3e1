"""What a deployment has written, line by line, run by run."""

import signal
from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from .replies import stamp

_MOST_LINES = 20_000
_MOST_CRASH_LINES = 1_000
_SIGNALLED = 128


class Line(Struct):
    """One line; an object of the log in NDJSON."""

    timestamp: str
    stream: str
    message: str


class Crash(Struct, kw_only=True):
    """The last run that ended in failure."""

    exit_code: int
    message: str
    restart_count: int
    lines: list[str]


class Log(Struct, kw_only=True):
    """All that is known, as it is kept when the deployment is over."""

    lines: list[Line]
    crash: Crash | None


class LogBook:
    """The log while it is written; the oldest lines go when there are too many.

    Attributes:
        crash: the last run that ended in failure.
    """

    def __init__(self, lines: Iterable[Line] = (), crash: Crash | None = None) -> None:
        self._lines = deque(lines, _MOST_LINES)
        self._run = deque[str]((), _MOST_CRASH_LINES)
        self.crash = crash

    def add(self, stream: str, text: str) -> None:
        """Take down one line."""
        self._lines.append(Line(stamp(), stream, text))
        self._run.append(text)

    def end_run(self, exit_status: int, restarts: int) -> None:
        """Take down how a run ended; 128 + n where signal n ended it."""
        if exit_status != 0:
            self.crash = Crash(
                exit_code=exit_status,
                message=_name(exit_status),
                restart_count=restarts,
                lines=list(self._run),
            )
        self._run.clear()  # here, as the next run may write before its start is told

    def kept(self) -> Log:
        """Return all of it."""
        return Log(lines=list(self._lines), crash=self.crash)

    @property
    def lines(self) -> Iterable[Line]:
        """The lines, from the oldest on."""
        return self._lines

    def text(self) -> str:
        """Return the lines alone."""
        return "".join(f"{line.message}\n" for line in self._lines)


def _name(exit_status: int) -> str:
    if exit_status > _SIGNALLED:
        return f"killed by {signal.Signals(exit_status - _SIGNALLED).name}"
    return f"exit status {exit_status}"
