"""Everything that the platform saw, in order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R", bound="Record")


class Status(Enum):
    """A deployment's statuses in the platform's order, as it writes them."""

    INITIALIZING = "Status.INITIALIZING"
    SEEKING = "Status.SEEKING"
    SEEKED = "Status.SEEKED"
    SCANNING = "Status.SCANNING"
    DEPLOYING = "Status.DEPLOYING"
    READY = "Status.READY"
    TERMINATING = "Status.TERMINATING"
    TERMINATED = "Status.TERMINATED"
    ERROR = "Status.ERROR"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened.

    Attributes:
        at: when, in boot-time seconds.
        deployment: the deployment's id as it was named, known or not.
    """

    at: float
    deployment: str


@dataclass(frozen=True, slots=True)
class StatusTurned(Record):
    """The deployment came to a new status."""

    status: Status


@dataclass(frozen=True, slots=True)
class ContainerStarted(Record):
    """The container's main process runs."""

    pid: int  # as seen from outside
    restarts: int


@dataclass(frozen=True, slots=True)
class ContainerFailed(Record):
    """The container's main process could not be started."""

    why: str


@dataclass(frozen=True, slots=True)
class SignalSent(Record):
    """The platform signalled the container's main process."""

    signum: int


@dataclass(frozen=True, slots=True)
class ContainerExited(Record):
    """The container's main process is gone."""

    exit_status: int  # 128 + n where signal n ended it


@dataclass(frozen=True, slots=True)
class StopAccepted(Record):
    """A stop was taken on; at most once in a deployment's life."""

    by: str  # self-stop | operator | max_duration


@dataclass(frozen=True, slots=True)
class SelfStopCalled(Record):
    """A self-stop call came in."""

    answer: str  # the status, or the fault's name
    storage: str | None = None  # container_log_storage, where it was given


@dataclass(frozen=True, slots=True)
class StatusRead(Record):
    """The deployment's status was asked for."""

    answer: str


@dataclass(frozen=True, slots=True)
class Reported(Record):
    """The owner reported an issue with the deployment."""

    reason: str


@dataclass(frozen=True, slots=True)
class Line(Record):
    """The container wrote a whole line; there are too many of them to be kept."""

    stream: str  # stdout | stderr
    text: str


class Ledger:
    """The records, with a way to wait for them."""

    def __init__(
        self, on_record: Callable[[Record], None] | None = None, *, hears_lines: bool = True
    ) -> None:
        self.records: list[Record] = []
        self.hears_lines = hears_lines
        self._on_record = on_record
        self._listeners: list[Callable[[Record], None]] = []
        self._pulse = asyncio.Event()

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Tell *listener* each record from now on, lines too."""
        self._listeners.append(listener)

    def tell(self, record: Record) -> None:
        """Tell the listeners, keep nothing."""
        for listener in self._listeners:
            listener(record)

    def write(self, record: Record) -> None:
        """Add one record, wake everybody who waits."""
        self.records.append(record)
        if self._on_record:
            self._on_record(record)
        self.tell(record)
        self.pulse()

    def pulse(self) -> None:
        """Wake everybody who waits, because something beside the records changed."""
        self._pulse.set()
        self._pulse = asyncio.Event()

    def of(self, deployment: str, kind: type[R]) -> list[R]:
        """Return one deployment's records of one kind."""
        return [r for r in self.records if isinstance(r, kind) and r.deployment == deployment]

    async def until(self, look: Callable[[], T]) -> T:
        """Return what *look* returns as soon as that is true; it is asked at each pulse."""
        while not (seen := look()):
            await self._pulse.wait()
        return seen
