"""Which bytes were being worked on when an agent died: those that did it twice are left out."""

import asyncio
from pathlib import Path

import msgspec

from .checkpoint import put

FILE = "hazards.json"
DEADLY = 2
"""So many agents may die over the same bytes: one may have died of something else."""

SUSPECT_SECONDS = 10.0
"""How long an agent lives before it touches bytes over which one has died.

Somebody who kills agents at random strikes twice within that time; bytes that kill wait for us.
"""

_Name = tuple[str, str, int]  # sink, source, offset


class _Mark(msgspec.Struct, array_like=True):
    sink: str
    source: str
    start: int
    end: int
    deaths: int
    is_open: bool  # it was being worked on


class Hazards:
    """Marks beside the spool; where none can be written, nothing is ever left out.

    A mark stands from before bytes are touched (redacted, cut, compressed) until they are ready
    to be sent, so an agent that is killed while it waits for a store has marked nothing.
    """

    def __init__(self, folder: Path) -> None:
        """Count one more death for every mark that still stands."""
        self._file = folder / FILE
        self._marks: dict[_Name, _Mark] = {}
        self._saving = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=list[_Mark])
        except (OSError, msgspec.MsgspecError):
            return
        for mark in kept:
            mark.deaths += mark.is_open
            mark.is_open = False
            self._marks[mark.sink, mark.source, mark.start] = mark

    def deadly_end(self, sink: str, source: str, start: int) -> int | None:
        """Return where the bytes end that must not be touched from *start* on, None: they may."""
        mark = self._marks.get((sink, source, start))
        return mark.end if mark is not None and mark.deaths >= DEADLY else None

    def is_suspect(self, sink: str, source: str, start: int) -> bool:
        """Return whether an agent has died over the bytes from *start* on."""
        mark = self._marks.get((sink, source, start))
        return mark is not None and 0 < mark.deaths < DEADLY

    async def begin(self, sink: str, source: str, start: int, end: int) -> None:
        """Mark bytes; returns when the mark would outlive us."""
        mark = self._marks.setdefault(
            (sink, source, start), _Mark(sink, source, start, end, 0, is_open=True)
        )
        mark.end, mark.is_open = end, True
        await self._save()

    def survived(self, sink: str, source: str, start: int) -> None:
        """Take the mark away again: nothing in these bytes can hurt us any more."""
        if self._marks.pop((sink, source, start), None) is not None:
            task = asyncio.get_running_loop().create_task(self._save(), name="hazards")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _save(self) -> None:
        async with self._saving:
            content = msgspec.json.encode(list(self._marks.values()))
            await asyncio.to_thread(put, self._file, content, lasting=False)
