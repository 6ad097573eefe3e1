"""What is handed to a sink, what a sink says of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

SESSION = "service.instance.id"
"""The label that names one life of the container, another one after every restart.

Object stores take an object of that name for delivered, so two lives must never share it:
deployment id with boot id. The marks, too, must be the same whenever a parcel is sent again.
"""


def nothing() -> None:
    """Stand for nobody who wants to know."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A stretch of one source's bytes.

    Attributes:
        source: ``stdout``, ``stderr``, ``agent``, ``pid1``, or ``file:<name>``.
        start: offset of the first byte in that source since the container's start; with the
            source it names the parcel, so a parcel that is sent twice has one name.
        data: the bytes; whole lines but where the source has ended or a line is too long.
        marks: (offset, wall-clock ns) of some places in it, ascending; the first is its start.
        is_tail: the last one that this source will ever have.
        continues: its first byte goes on with a line that an earlier parcel began.
        made: is told once its bytes are ready to be sent: by then they have done no harm.
    """

    source: str
    start: int
    data: bytes
    marks: tuple[tuple[int, int], ...]
    is_tail: bool = False
    continues: bool = False
    made: Callable[[], object] = field(default=nothing, compare=False, repr=False)


class Unit(Enum):
    """What a sink wants one parcel to be."""

    SEGMENT = "segment"  # a whole sealed spool segment: one object in a store
    LINES = "lines"  # whole lines as they come


@dataclass(frozen=True, slots=True)
class Delivered:
    """The sink has it; *rejected* records it took and threw away."""

    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Worth another try: *after* seconds where the sink asked for a pause."""

    detail: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A fault of the configuration: keep the bytes, ask once a minute, say so."""

    detail: str


Outcome = Delivered | Failed | Refused


class Sink(Protocol):
    """A log store; knows nothing of checkpoints, batches or retries."""

    name: str  # for people: scheme with host and path, never a credential
    unit: Unit
    most_bytes: int  # of one parcel, before compression
    most_seconds: float  # how long a parcel may wait to grow

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - every attempt gets what the deadline leaves it
    ) -> Outcome:
        """Send one parcel in one attempt of *timeout* seconds at most; never raises."""
        ...

    def counters(self) -> dict[str, int]:
        """Return by name how often something was done to what it has, such as ``redacted``."""
        ...

    async def aclose(self) -> None:
        """Give up what is open; bounded, nothing is sent."""
        ...
