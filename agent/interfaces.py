"""What the rooms need of the runtime, as protocols."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import NamedTuple, Protocol

from .core.events import Event
from .core.snapshot import LogLine, LogsStatus, Status
from .core.state import State

Clock = Callable[[], float]
"""Boot-time seconds, see ``agent.clock.now``."""


class PidOne(Protocol):
    """Who takes orders that concern the game process."""

    def order(self, do: str, /, **fields: object) -> None:
        """Send one order, see ``agent.pid1.wire``; never waits, never fails."""
        ...


class Remembrance(Protocol):
    """What outlives an agent."""

    def append(self, event: Event, now: float, after: State) -> None:
        """Remember a fact that led to the state *after*.

        Raises:
            StateFullError: nothing was remembered.
        """
        ...


class OutputLine(NamedTuple):
    """One line of the game's output.

    Attributes:
        source: ``stdout`` or ``stderr``.
        end: the offset in its source that follows its text: where a successor goes on.
        text: without the end of line; bytes that are not UTF-8 are replaced.
    """

    source: str
    end: int
    text: str


class GameLines(Protocol):
    """The game's output as it comes."""

    @property
    def is_readable(self) -> bool:
        """Whether it can be read from here: not where the spool is kept in memory."""
        ...

    def lines(self, after: Mapping[str, int], /) -> AsyncGenerator[OutputLine, None]:
        """Yield complete lines, those already written first, for ever.

        *after* says by source where the reader left off; what is missing starts with what is
        kept. Nothing wakes while the game writes nothing.
        """
        ...


class Logs(Protocol):
    """What can be read of the output, what can be done about it."""

    @property
    def is_readable(self) -> bool:
        """Whether there is anything that can be read from here."""
        ...

    def tail(
        self, count: int, sources: tuple[str, ...], grep: str, /
    ) -> tuple[list[LogLine], dict[str, int]]:
        """Return the last lines with where to go on, by source; it blocks for milliseconds."""
        ...

    def since(
        self, ends: dict[str, int], sources: tuple[str, ...], grep: str, /
    ) -> tuple[list[LogLine], dict[str, int]]:
        """Return the lines after that, likewise."""
        ...

    async def count(self) -> LogsStatus:
        """Return the state with figures of this moment."""
        ...

    async def flush(self, seconds: float, /) -> LogsStatus:
        """Ship what there is now, wait so long for it; return what is left then."""
        ...


class Collector(Protocol):
    """Who sends the files of a crash away whole."""

    def collect(self, paths: tuple[str, ...], /) -> None:
        """Take note of files and folders: the report first, then cores, dumps; never waits."""
        ...


class Desk(Protocol):
    """The counter where facts are handed in; what comes back is the state afterwards."""

    def status(self) -> Status:
        """Return the state as it is now."""
        ...

    def post(self, event: Event) -> Status:
        """Apply a fact, remember it, order what follows from it; return the state after.

        Raises:
            StateFullError: the fact does not fit into what an agent's successor can be told.
        """
        ...

    async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ASYNC109
        """Wait until the revision is past *after*, *timeout* seconds at most, None = for ever."""
        ...
