"""The way of the logs out of the container, in life as in a stop."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import clock
from ..core import shipping
from ..core.events import Event, LogsShipped
from ..core.snapshot import LogsStatus
from ..interfaces import PidOne
from . import leftovers
from .courier import Courier, Haste
from .parcel import Sink
from .standing import say, standing
from .volume import Volume, open_volume

if TYPE_CHECKING:  # loaded only where files are followed
    from .filewatch import FileWatch

LOG = logging.getLogger("agent.logs")

_GAMES_OWN = ("stdout", "stderr")
_NO_FOLDER = (
    "cannot ship logs: no folder is writable, so the spool is in memory, where only PID 1 reads"
    " it; set AGENT_SPOOL_DIR"
)
_LONG_SECONDS = 3600.0
_COUNT_SECONDS = 0.2  # PID 1 answers within a millisecond, or the figures are older
_ASK_AGAIN_SECONDS = 0.5  # an order or its answer may be lost
_FILES_SECONDS = 1.0


class Shipper:
    """Sends every source's bytes to every sink, the last ones before the deadline.

    In a stop: what the spool holds is sealed at once with all that is in the pipes, sent,
    oldest first; when the game is gone the same again, and that tail goes before all else.
    """

    def __init__(
        self,
        folder: str,
        sinks: Iterable[Sink],
        faults: tuple[str, ...] = (),
        *,
        link: PidOne,
        labels: Mapping[str, str],
        linger: float,
    ) -> None:
        """Take over the shipping.

        Args:
            folder: the spool's; empty where it is kept in memory, which nobody else can read.
            sinks: where everything goes.
            faults: a line on each sink that cannot be used.
            link: who seals segments, who lets go of them.
            labels: what goes along, the session's name among them.
            linger: seconds for the platform's own collector after the game's end.
        """
        self._sinks = tuple(sinks)
        if self._sinks and not folder:
            faults = (*faults, _NO_FOLDER)
            self._sinks = ()
        self._faults = faults
        self._link = link
        self.post: Callable[[Event], object] = lambda _: None
        self.files: FileWatch | None = None
        self._linger = linger
        self._folder = folder
        self._haste = Haste()
        self._bell = self._haste.bell()
        self._gone = asyncio.Event()
        self._gone_at = 0.0
        self._sealed = asyncio.Event()
        self._counted = asyncio.Event()
        self._ends: dict[str, int] = {}
        self._counters: dict[str, int] = {}
        self._seals = 0
        self._progress = asyncio.Event()
        self._ordered = asyncio.Event()
        self._goes_on = False
        self._released: set[tuple[str, int]] = set()
        self._left: list[leftovers.Leftover] = []
        self._volume: Volume | None = None
        self._couriers: list[Courier] = []
        if self._sinks:
            self._open(Path(folder), dict(labels))

    def _open(self, folder: Path, labels: dict[str, str]) -> None:
        names = tuple(sink.name for sink in self._sinks)
        wall_ns = int((clock.wall() - clock.now()) * 1e9)
        self._volume = open_volume(folder, labels, wall_ns, names)
        self._left = leftovers.find(folder, names)
        volumes = [*(left.volume for left in self._left), self._volume]
        self._couriers = [
            Courier(sink, volumes, self._haste, acknowledged=self._acknowledged)
            for sink in self._sinks
        ]

    async def run(self) -> None:
        """Ship until it is cancelled."""
        for fault in self._faults:
            LOG.error(fault)
        if self._folder and not (self._sinks or self._faults):
            await asyncio.to_thread(leftovers.sweep, Path(self._folder))
        try:
            async with asyncio.TaskGroup() as work:
                for courier in self._couriers:
                    work.create_task(courier.run(), name=f"ship to {courier.name}")
                if self.files is not None:
                    work.create_task(self.files.run(), name="files")
                work.create_task(self._finish(), name="ship the rest")
        finally:
            for left in self._left:
                left.close()

    def finish(self, until: float, goes_on: bool = False) -> None:  # noqa: FBT001, FBT002 - the effect's own
        """Begin to send what is left; a later call moves the end.

        Args:
            until: boot-time seconds by which we are to be done.
            goes_on: nobody kills us then, so what is left is still sent; another call will
                say for how long.
        """
        self._goes_on = goes_on
        self._hurry(shipping.end_at(until))
        self._ordered.set()

    def _hurry(self, end: float) -> None:
        """Set another end, with another chance for what was given up."""
        for courier in self._couriers:
            courier.revive()
        self._haste.hurry(end)

    def game_gone(self) -> None:
        """Take note that what the game has written is all that there will be."""
        if not self._gone.is_set():
            self._gone_at = clock.now()
            self._gone.set()
            self._bell.set()

    def game_back(self) -> None:
        """Take note that there is a game again."""
        self._gone.clear()

    def heard(self, message: Mapping[str, Any]) -> None:
        """Take PID 1's answer to `seal_segment`, or to `count_bytes`: a seal of nothing, 0."""
        self._counters = dict(message["counters"])
        self._counted.set()
        if self.files is not None and message["token"]:
            self.files.heard(message["ends"])
        if message["token"] == self._seals > 0:
            self._ends = dict(message["ends"])
            self._sealed.set()

    def status(self) -> LogsStatus:
        """Return what went where, what did not."""
        volume, ends = self._volume, self._all_ends()
        return LogsStatus(
            folder=self._folder,
            faults=self._faults,
            sinks=tuple(standing(each, volume, ends) for each in self._couriers if volume),
            spool={**self._counters, **(self.files.counters() if self.files else {})},
        )

    async def count(self) -> LogsStatus:
        """Have PID 1 count anew, wait a moment for that; return the state."""
        self._counted.clear()
        self._link.order("count_bytes")
        await clock.wait(self._counted, _COUNT_SECONDS)
        return self.status()

    async def flush(self, seconds: float) -> LogsStatus:
        """Send what there is now, wait for its acknowledgement so long; return the state then."""
        if not self._sinks:
            return await self.count()
        end = clock.now() + seconds
        await self._seal(end)
        await self._read_files(end)
        goal = self._all_ends()
        self._haste.hurry(self._haste.end)
        while self._volume and any(self._volume.owed(s.name, goal)[0] for s in self._sinks):
            self._progress.clear()
            if not await clock.wait(self._progress, max(0.0, end - clock.now())):
                break
        return self.status()

    async def _finish(self) -> None:
        """See the stop through; where we stay after it, go on until there is another end."""
        await self._ordered.wait()
        await self._seal_all()
        self._haste.hurry(self._haste.end)
        await self._read_files(self._haste.end)
        is_over = False
        while not is_over:
            await self._before_the_end(self._gone)
            if self._gone.is_set() and not self._haste.last_call:
                self._haste.held = True
                await self._seal_all()
                self._note_tails()
                self._haste.held = False
                self._haste.ring()  # what the game said last need not wait for its files
                await self._read_files(self._haste.end, final=True)
                self._haste.hurry(self._haste.end, last_call=True)
            for courier in self._couriers:
                await self._before_the_end(courier.settled)
            if await self._is_more_brought_in():
                continue
            await self._pause_for_the_collector()
            sinks = self.status().sinks
            say(sinks, self._folder)
            left = sum(each.left_bytes for each in sinks)
            is_over = not (left and self._goes_on)
            if not is_over:
                self._hurry(shipping.NEVER)
            self.post(LogsShipped(left))

    async def _is_more_brought_in(self) -> bool:
        """Have PID 1 bring lines from its memory into the room that ours have left."""
        spare = self._counters.get("spool_spare_bytes", 0)
        if not spare or not self._couriers or clock.now() >= self._haste.end:
            return False
        await self._seal_all()
        if self._counters["spool_spare_bytes"] >= spare:
            return False
        self._hurry(self._haste.end)
        return True

    async def _before_the_end(self, event: asyncio.Event) -> None:
        """Wait for the event until shipping ends; that end may be moved meanwhile."""
        while not event.is_set() and (left := self._haste.end - clock.now()) > 0:
            self._bell.clear()
            await clock.wait(self._bell, min(left, _LONG_SECONDS))

    async def _pause_for_the_collector(self) -> None:
        """Let the platform's collector read: some cut what is written right before the exit."""
        if self._gone.is_set():
            until = min(self._gone_at + self._linger, self._haste.end)
            await clock.wait(asyncio.Event(), max(0.0, until - clock.now()))

    async def _seal_all(self) -> None:
        if self._sinks:
            await self._seal(self._haste.end)

    async def _seal(self, end: float) -> None:
        """Have PID 1 seal all, what waits in the pipes included; learn how far it has come."""
        self._seals += 1
        self._sealed.clear()
        while not self._sealed.is_set() and clock.now() < end:
            self._link.order("seal_segment", token=self._seals)
            await clock.wait(self._sealed, min(_ASK_AGAIN_SECONDS, max(0.0, end - clock.now())))
            self._haste.held = False  # nobody answers: time is too short to wait for it

    async def _read_files(self, end: float, *, final: bool = False) -> None:
        """Have the game's logs read to their ends; a disk that hangs gets some of the time."""
        if self.files is not None:
            now = clock.now()
            least = now + _FILES_SECONDS
            await self.files.seal(min(end, max(least, now + (end - now) / 4)), final=final)

    def _all_ends(self) -> dict[str, int]:
        known = self._ends or (self._volume.ends_seen() if self._volume else {})
        return {**known, **(self.files.ends() if self.files else {})}

    def _note_tails(self) -> None:
        if self._volume is not None:
            self._volume.ends = {
                name: self._ends[name] for name in _GAMES_OWN if name in self._ends
            }

    def _acknowledged(self, volume: Volume) -> None:
        """Let go of what every sink has: its checkpoint is written by now."""
        self._progress.set()
        names = [sink.name for sink in self._sinks]
        pieces = volume.delivered(names)
        if volume is not self._volume:
            self._remove_leftover(volume, len(pieces))
            return
        for piece in pieces:
            if (piece.source, piece.seq) not in self._released:
                self._released.add((piece.source, piece.seq))
                if self.files is not None and self.files.release(piece):
                    continue
                self._link.order("release_segment", stream=piece.source, seq=piece.seq)

    def _remove_leftover(self, volume: Volume, delivered: int) -> None:
        if delivered < len(volume.reader.pieces()):
            return
        for left in [each for each in self._left if each.volume is volume]:
            self._left.remove(left)
            left.remove()
