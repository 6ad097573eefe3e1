"""What the rooms need of the runtime, as protocols."""

from collections.abc import Callable
from typing import Protocol

from .core.events import Event
from .core.snapshot import Status
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
