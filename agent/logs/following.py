"""The lines of the game's output, each one as soon as it is complete."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path

from .. import clock
from ..interfaces import OutputLine
from .lines import Splitter
from .spoolreader import SpoolReader
from .waking import Waking

SOURCES = ("stdout", "stderr")

_GULP_BYTES = 256 << 10
_REST_SECONDS = 0.1  # after a wake-up: who writes a lot wakes us ten times a second, no more


class Follower:
    """Reads the spool as it grows; nothing is watched while nobody asks for lines."""

    def __init__(self, folder: str) -> None:
        """Take the spool's folder; empty where it is kept in memory, which only PID 1 reads."""
        self._folder = Path(folder)
        self.is_readable = bool(folder)

    async def lines(self, after: Mapping[str, int]) -> AsyncGenerator[OutputLine, None]:
        """Yield the game's complete lines, those already written first, for ever.

        Args:
            after: by source, the offset where the reader left off; none = from what is kept.
        """
        if not self.is_readable:
            await asyncio.Event().wait()
        reader = SpoolReader(self._folder)
        splitters = {source: Splitter(after.get(source, 0)) for source in SOURCES}
        ends = {source: after.get(source, 0) for source in SOURCES}
        with Waking(self._folder) as waking:
            while True:
                async for source, start, data in _news(reader, ends):
                    if start > ends[source]:  # what lay between was dropped
                        splitters[source] = Splitter(start)
                    ends[source] = start + len(data)
                    for line in _told(source, splitters[source], data):
                        yield line
                await waking.written()
                await clock.wait(asyncio.Event(), _REST_SECONDS)


async def _news(
    reader: SpoolReader, ends: Mapping[str, int]
) -> AsyncIterator[tuple[str, int, bytes]]:
    """Yield what follows the ends, as (source, offset, bytes); read aside, for disks are slow."""
    for piece in await asyncio.to_thread(reader.pieces):
        source = piece.source
        while source in ends and ends[source] < piece.end:
            start = max(piece.start, ends[source])
            stop = min(piece.end, start + _GULP_BYTES)
            data = await asyncio.to_thread(reader.read, piece, start, stop)
            if not data:  # it was just taken away
                break
            yield source, start, data


def _told(source: str, splitter: Splitter, data: bytes) -> list[OutputLine]:
    lines = splitter.feed(data)
    ends = [*(line.offset for line in lines[1:]), splitter.offset]
    return [
        OutputLine(source, end, line.data.decode(errors="replace"))
        for line, end in zip(lines, ends, strict=False)
    ]
