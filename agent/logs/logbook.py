"""The spool's lines, for people."""

from bisect import bisect_right
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import clock
from ..core.snapshot import LogLine, LogsStatus
from .spoolreader import Piece, SpoolReader

_MOST_BYTES = 4 << 20  # of one source that are searched for the last lines
_LINE_BYTES = 64 << 10

Ends = dict[str, int]
"""By source, the offset after the last line that was read."""


class Logbook:
    """Reads what is kept; what is being written is there as soon as its line has an end."""

    def __init__(
        self,
        folder: str,
        flush: Callable[[float], Coroutine[Any, Any, LogsStatus]],
        count: Callable[[], Coroutine[Any, Any, LogsStatus]],
    ) -> None:
        """Open the spool's folder.

        Args:
            folder: empty where it is kept in memory, which only PID 1 reads.
            flush: ships what there is.
            count: gets figures of this moment.
        """
        self._flush = flush
        self._count = count
        self.is_readable = bool(folder)
        self._reader = SpoolReader(Path(folder))
        self._wall_ns = int((clock.wall() - clock.now()) * 1e9)

    async def count(self) -> LogsStatus:
        """Return the state with figures of this moment."""
        return await self._count()

    async def flush(self, seconds: float) -> LogsStatus:
        """Ship what there is now, wait so long for it; return what is left then."""
        return await self._flush(seconds)

    def tail(self, count: int, sources: tuple[str, ...], grep: str) -> tuple[list[LogLine], Ends]:
        """Return the last lines of some sources, in order of time, with where to go on.

        Args:
            count: how many.
            sources: of them; none = all.
            grep: what a line must hold; case does not matter.
        """
        pieces = self._chosen(sources)
        ends = {piece.source: piece.end for piece in pieces}
        starts = {source: max(0, end - _MOST_BYTES) for source, end in ends.items()}
        lines, read = self._lines(pieces, starts, grep)
        return lines[len(lines) - min(count, len(lines)) :], {**starts, **read}

    def since(self, ends: Ends, sources: tuple[str, ...], grep: str) -> tuple[list[LogLine], Ends]:
        """Return the lines that came since, likewise."""
        lines, read = self._lines(self._chosen(sources), ends, grep)
        return lines, {**ends, **read}

    def _chosen(self, sources: tuple[str, ...]) -> list[Piece]:
        return [each for each in self._reader.pieces() if not sources or each.source in sources]

    def _lines(self, pieces: list[Piece], starts: Ends, grep: str) -> tuple[list[LogLine], Ends]:
        found: list[tuple[int, LogLine]] = []
        ends: Ends = {}
        for piece in pieces:
            start = max(piece.start, ends.get(piece.source, starts.get(piece.source, 0)))
            if start < piece.end:
                data = self._reader.read(piece, start, piece.end)
                whole = len(data) if piece.is_sealed else data.rfind(b"\n") + 1
                ends[piece.source] = start + whole
                found += self._dated(piece, start, data[:whole], grep.lower())
        found.sort(key=lambda each: each[0])
        return [line for _, line in found], ends

    def _dated(
        self, piece: Piece, start: int, data: bytes, grep: str
    ) -> Iterator[tuple[int, LogLine]]:
        if not data:
            return
        times = self._reader.times(piece, start, start + len(data))
        offsets = [offset for offset, _ in times]
        offset = start
        for line in data.removesuffix(b"\n").split(b"\n"):
            text = line[:_LINE_BYTES].removesuffix(b"\r").decode(errors="replace")
            if grep in text.lower():
                at = times[bisect_right(offsets, offset) - 1][1] + self._wall_ns
                stamp = datetime.fromtimestamp(at / 1e9, UTC).isoformat(timespec="milliseconds")
                yield at, LogLine(stamp.replace("+00:00", "Z"), piece.source, text)
            offset += len(line) + 1
