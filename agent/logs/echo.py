"""The lines of the game's log files, on their way to the container's own output."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from .. import clock
from ..interfaces import PidOne
from ..pid1 import wire
from .spoolreader import Piece, SpoolReader

TOKEN = 1 << 40  # nobody else's
STREAM = "files"  # PID 1's name for it
FILE = "echo.json"
_PART_BYTES = 64 << 10
_PREFIX = "file:"

Aside = Callable[[Callable[[], Any]], Awaitable[Any]]

Span = tuple[str, int, int]
"""Source, first offset, end."""


class Plan(msgspec.Struct, frozen=True):
    """What is being written; kept before the first byte of it is.

    Attributes:
        at: the offset in PID 1's stream of its first byte.
        spans: whole lines, in this order.
        read: by source, how far it was read before.
    """

    at: int = 0
    spans: tuple[Span, ...] = ()
    read: dict[str, int] = {}


class Echo:
    """Copies lines into a pipe of PID 1's, each once, whoever is killed when.

    PID 1 knows how many bytes have come; what a plan becomes as text is always the same. So a
    successor knows which byte of which line is the next.
    """

    def __init__(self, folder: str, link: PidOne, pipe: int = wire.FILES) -> None:
        """Take over the pipe.

        Args:
            folder: the spool's.
            link: who knows how far its streams have come.
            pipe: where the lines are written to.
        """
        self._reader = SpoolReader(Path(folder))
        self._file = Path(folder) / FILE
        self._pipe = pipe
        self._link = link
        self.advanced: Callable[[], object] = lambda: None
        self._known = asyncio.Event()
        self._end = 0
        self._plan = Plan()
        self._written: dict[str, int] = {}
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._is_final = False
        os.set_blocking(pipe, False)

    def heard(self, ends: Mapping[str, int]) -> None:
        """Take how far PID 1's streams have come, with what was in the pipes."""
        if not self._known.is_set() and STREAM in ends:
            self._end = ends[STREAM]
            self._known.set()

    def more(self) -> None:
        """Take note that there are more lines."""
        self._idle.clear()
        self._news.set()

    def has(self, piece: Piece) -> bool:
        """Return whether all of a segment was written."""
        return self._written.get(piece.source, 0) >= piece.end

    async def flush(self, seconds: float, *, final: bool) -> None:
        """Wait until all lines are written, at most so long; *final* ones need no end."""
        self._is_final = self._is_final or final
        self.more()
        await clock.wait(self._idle, seconds)

    async def run(self, aside: Aside) -> None:
        """Write until it is cancelled.

        Args:
            aside: runs what may have to wait for a disk.
        """
        self._aside = aside
        await self._take_over()
        while True:
            self._news.clear()
            while plan := await aside(self._next):
                await self._write(plan, 0)
            if not self._news.is_set():
                self._idle.set()
            await self._news.wait()

    async def _take_over(self) -> None:
        """Finish what an agent before us had begun."""
        while not self._known.is_set():
            self._link.order("seal_segment", token=TOKEN)
            await clock.wait(self._known, 1.0)
        try:
            self._plan = msgspec.json.decode(self._file.read_bytes(), type=Plan)
        except (OSError, msgspec.MsgspecError):
            self._plan = Plan(at=self._end)
        await self._write(self._plan, self._end - self._plan.at)

    async def _write(self, plan: Plan, begun: int) -> None:
        text = await self._aside(lambda: self._text(plan.spans))
        rest = memoryview(text)[begun:]
        self._end = plan.at + len(text)
        while rest:
            try:
                rest = rest[os.write(self._pipe, rest) :]
            except BlockingIOError:
                await _writable(self._pipe)
        self._written = self._done()
        self.advanced()

    def _next(self) -> Plan | None:
        """Return what is written next, kept for a successor; None where there is nothing."""
        read = self._done()
        spans = tuple(self._spans(read))
        if not spans:
            return None
        self._plan = Plan(self._end, spans, read)
        new = self._file.with_suffix(".new")
        with suppress(OSError):  # a full disk: a successor may repeat some lines
            new.write_bytes(msgspec.json.encode(self._plan))
            new.replace(self._file)
        return self._plan

    def _done(self) -> dict[str, int]:
        return {**self._plan.read, **{source: end for source, _, end in self._plan.spans}}

    def _spans(self, read: Mapping[str, int]) -> Iterator[Span]:
        room = _PART_BYTES
        for source, pieces in self._sources().items():
            start = max(pieces[0].start, read.get(source, 0))
            data = self._bytes(pieces, start, start + room)
            whole = data.rfind(b"\n") + 1
            # What is too long for one part goes in several, as does what nobody will end.
            if not whole and (len(data) == _PART_BYTES or self._is_final):
                whole = len(data)
            if whole:
                room -= whole
                yield source, start, start + whole
            if not room:
                return

    def _text(self, spans: tuple[Span, ...]) -> bytes:
        """Return the lines as people see them, each with its file's name."""
        found = []
        sources = self._sources()
        for source, start, end in spans:
            tag = f"[{source.removeprefix(_PREFIX)}] ".encode("utf-8", "replace")
            data = self._bytes(sources.get(source, []), start, end)
            found += [tag + line + b"\n" for line in data.removesuffix(b"\n").split(b"\n")]
        return b"".join(found)

    def _sources(self) -> dict[str, list[Piece]]:
        """Return the segments of each log, oldest first."""
        found: dict[str, list[Piece]] = {}
        for piece in self._reader.pieces():
            if piece.source.startswith(_PREFIX):
                found.setdefault(piece.source, []).append(piece)
        return found

    def _bytes(self, pieces: list[Piece], start: int, end: int) -> bytes:
        """Return what is there between two offsets, a line that two segments share in one."""
        found = b""
        for piece in pieces:
            at = start + len(found)
            if piece.start <= at < min(piece.end, end):
                found += self._reader.read(piece, at, min(piece.end, end))
        return found


async def _writable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    free = asyncio.Event()
    loop.add_writer(fd, free.set)
    try:
        await free.wait()
    finally:
        loop.remove_writer(fd)
