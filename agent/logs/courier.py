"""One sink's share of the work: what it lacks, sent until it has it."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .. import clock
from ..core import shipping
from ..core.shipping import NEVER, Stretch
from . import hazards
from .parcel import Delivered, Failed, Parcel, Refused, Sink, Unit
from .spoolreader import Piece
from .volume import Volume

LOG = logging.getLogger("agent.logs")

_LOOK_SECONDS = 1.0  # segments are sealed each 30 s or 8 MiB: looked for that often at least
_Task = tuple[Volume, Stretch, Piece]


class Haste:
    """How long there is; in ordinary life for ever."""

    def __init__(self) -> None:
        self.end = NEVER
        self.last_call = False
        """Everything that will be there is there."""
        self.held = False
        """Nothing more is begun: in a moment it will be known what the tail is."""
        self._news = asyncio.Event()
        self._bells: list[asyncio.Event] = []

    def bell(self) -> asyncio.Event:
        """Return an event that is set at every change; whoever asked for it clears it."""
        self._bells.append(asyncio.Event())
        return self._bells[-1]

    def hurry(self, end: float, *, last_call: bool = False) -> None:
        """Let everybody who waits look again."""
        self.end = end
        self.last_call = self.last_call or last_call
        news, self._news = self._news, asyncio.Event()
        news.set()
        self.ring()

    def ring(self) -> None:
        """Let those look again who asked for a bell, without an end to any pause."""
        for bell in self._bells:
            bell.set()

    async def wait(self, seconds: float) -> None:
        """Wait so long, or until there is news."""
        await clock.wait(self._news, seconds)


@dataclass(slots=True)
class Counts:
    """What one sink has cost."""

    attempts: int = 0
    failures: int = 0
    rejected: int = 0


class Courier:
    """Keeps one sink supplied.

    Attributes:
        name: the sink's.
        counts: what was tried.
        trouble: why the last attempt failed, nothing after one that did not.
        settled: in a stop, all is delivered or given up.
    """

    def __init__(
        self,
        sink: Sink,
        volumes: list[Volume],
        haste: Haste,
        *,
        acknowledged: Callable[[Volume], object],
    ) -> None:
        """Supply a sink.

        Args:
            sink: where to.
            volumes: what from.
            haste: how long there is.
            acknowledged: is told after each delivery that will be remembered.
        """
        self.name = sink.name
        self.counts = Counts()
        self.trouble = ""
        self.settled = asyncio.Event()
        self._sink = sink
        self._volumes = volumes
        self._haste = haste
        self._acknowledged = acknowledged
        self._busy: dict[tuple[int, str, int], Stretch] = {}
        self._given_up: set[tuple[int, str, int]] = set()
        self._failed = 0  # in a row
        self._told = ""
        self._bell = haste.bell()
        self._begun_at = clock.now()

    async def run(self) -> None:
        """Send what there is, look for more, until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as lanes:
                while True:
                    self._bell.clear()
                    waiting = self._waiting()
                    if self._haste.last_call and not waiting and not self._busy:
                        self._settle()
                    for task in self._chosen(waiting):
                        name = _name(task)
                        self._busy[name] = task[1]
                        lanes.create_task(self._carry(task), name=f"ship {name}")
                    await clock.wait(self._bell, min(self._sink.most_seconds, _LOOK_SECONDS))
        finally:
            await self._sink.aclose()

    def _settle(self) -> None:
        if not self.settled.is_set():
            self.settled.set()
            self._haste.ring()

    def counters(self) -> dict[str, int]:
        """Return what was done to the lines on their way to the sink."""
        return self._sink.counters()

    def revive(self) -> None:
        """Try again what was given up: there is more time."""
        self._given_up.clear()
        self.settled.clear()
        self._failed = 0  # a long pause from before may be longer than the time there is

    def _waiting(self) -> list[_Task]:
        whole = self._sink.unit is Unit.SEGMENT
        found = []
        for volume in self._volumes:
            for stretch, piece in volume.lacking(self.name, self._sink.most_bytes, whole=whole):
                task = (volume, stretch, piece)
                name = _name(task)
                if name not in self._busy and name not in self._given_up and self._dares(task):
                    found.append(task)
        return found

    def _dares(self, task: _Task) -> bool:
        volume, stretch, _ = task
        if self._haste.end < NEVER or clock.now() >= self._begun_at + hazards.SUSPECT_SECONDS:
            return True
        return not volume.hazards.is_suspect(self.name, stretch.source, stretch.start)

    def _chosen(self, waiting: list[_Task]) -> Iterable[_Task]:
        if self._haste.held:
            return []
        chosen = shipping.choose(
            [task[1] for task in waiting], list(self._busy.values()), self._haste.end
        )
        return [task for task in waiting if any(task[1] is each for each in chosen)]

    async def _carry(self, task: _Task) -> None:
        volume, stretch, piece = task
        mark = self.name, stretch.source, stretch.start
        try:
            deadly = volume.hazards.deadly_end(*mark)
            if deadly is not None:
                await self._skip(volume, stretch, min(deadly, stretch.end))
                return
            parcel = volume.parcel(stretch, piece, lambda: volume.hazards.survived(*mark))
            if parcel is not None and not await self._deliver(volume, parcel):
                self._given_up.add(_name(task))
        finally:
            del self._busy[_name(task)]
            self._bell.set()

    async def _skip(self, volume: Volume, stretch: Stretch, end: int) -> None:
        LOG.error(
            "logs: %d bytes of %s from byte %d on have ended the agent twice: %s is spared them;"
            " the container's output has them",
            *(end - stretch.start, stretch.source, stretch.start, self.name),
        )
        volume.checkpoint.skip(self.name, stretch.source, stretch.start, end)
        await volume.checkpoint.save()
        self._acknowledged(volume)

    async def _deliver(self, volume: Volume, parcel: Parcel) -> bool:
        """Try until the sink has it; False where it is given up."""
        while True:
            seconds = shipping.attempt_seconds(clock.now(), self._haste.end)
            if seconds is None:
                self.trouble = self.trouble or "there was no time left"
                return False
            self.counts.attempts += 1
            end = parcel.start + len(parcel.data)
            await volume.hazards.begin(self.name, parcel.source, parcel.start, end)
            outcome = await self._sink.deliver(parcel, volume.labels, seconds)
            parcel.made()
            if isinstance(outcome, Delivered):
                self._well(outcome)
                volume.checkpoint.note(self.name, parcel.source, parcel.start, end)
                await volume.checkpoint.save()
                self._acknowledged(volume)
                return True
            pause = self._ill(outcome)
            if pause is None:
                return False
            await self._haste.wait(pause)

    def _well(self, outcome: Delivered) -> None:
        self.counts.rejected += outcome.rejected
        self._failed = 0
        if self._told:
            LOG.info("logs: %s takes them again", self.name)
        self.trouble = self._told = ""

    def _ill(self, outcome: Failed | Refused) -> float | None:
        """Say once what is wrong; return how long to wait before the next attempt."""
        self.counts.failures += 1
        self._failed += 1
        self.trouble = outcome.detail
        kind = type(outcome).__name__
        if self._told != kind and (self._failed > 1 or isinstance(outcome, Refused)):
            LOG.warning("logs: %s does not take them: %s; they are kept", self.name, self.trouble)
            self._told = kind
        if isinstance(outcome, Refused):
            return shipping.refused_seconds(self._haste.end)
        luck = random.random()  # noqa: S311 - jitter, no secret
        now, end = clock.now(), self._haste.end
        return shipping.pause_seconds(self._failed, luck, now, end, outcome.after)


def _name(task: _Task) -> tuple[int, str, int]:
    volume, stretch, _ = task
    return id(volume), stretch.source, stretch.start
