"""One spool with what is known of the container's life that filled it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from .. import clock
from ..core import spans
from ..core.shipping import Stretch
from .checkpoint import Checkpoint, put
from .hazards import Hazards
from .parcel import Parcel, nothing
from .spoolreader import Piece, SpoolReader

FILE = "session.json"
_REST_SECONDS = 0.5  # after which a line that has no end yet is sent without it


@dataclass(frozen=True, slots=True)
class Session:
    """What must be the same whenever something of this spool is sent, also by a successor.

    Attributes:
        labels: the session's name among them.
        wall_ns: what the wall clock was ahead of the boot clock when the first agent looked.
        sinks: their names; nobody else gets what is left.
    """

    labels: dict[str, str] = field(default_factory=dict)
    wall_ns: int = 0
    sinks: tuple[str, ...] = ()


class Volume:
    """A spool's segments, as stretches that sinks lack.

    Attributes:
        age: 0 for the spool that is being written, 1 for what another life has left.
        ends: of the sources that will never have more, once the game is gone.
    """

    def __init__(self, folder: Path, session: Session, *, age: int = 0) -> None:
        self.folder = folder
        self.session = session
        self.age = age
        self.ends: dict[str, int] = {}
        self._cuts: dict[tuple[str, int, int], int] = {}
        self.reader = SpoolReader(folder, is_over=age > 0)
        self.checkpoint = Checkpoint(folder)
        self.hazards = Hazards(folder)

    @property
    def labels(self) -> Mapping[str, str]:
        """What goes along with every parcel."""
        return self.session.labels

    def lacking(
        self, sink: str, most_bytes: int, *, whole: bool
    ) -> Iterator[tuple[Stretch, Piece]]:
        """Yield what a sink lacks, cut as it wants it.

        Args:
            sink: its name.
            most_bytes: of a stretch.
            whole: only sealed segments; else lines as they come.
        """
        for piece in self.reader.pieces():
            if whole and not piece.is_sealed:
                continue
            for start, end in self.checkpoint.missing(sink, piece.source, piece.start, piece.end):
                yield from self._cut(piece, start, end, most_bytes)

    def _cut(
        self, piece: Piece, start: int, end: int, most: int
    ) -> Iterator[tuple[Stretch, Piece]]:
        while start < end:
            stop = self._end_of_lines(piece, start, end, most)
            if stop == start:
                return
            is_tail = stop == self.ends.get(piece.source)
            born = piece.born_ns / 1e9
            yield Stretch(piece.source, start, stop, born, self.age, is_tail), piece
            start = stop

    def _end_of_lines(self, piece: Piece, start: int, end: int, most: int) -> int:
        """Return where a stretch from *start* ends: with a line, but where none does."""
        stop = min(end, start + most)
        if stop == piece.end and piece.is_sealed:
            return stop
        name = (piece.source, start, stop)
        if name not in self._cuts:
            stop = self._look_for_end(piece, start, stop, most)
            if not piece.is_sealed:
                return stop
            self._cuts[name] = stop  # a backlog is not read anew at every look
        return self._cuts[name]

    def _look_for_end(self, piece: Piece, start: int, stop: int, most: int) -> int:
        data = self.reader.read(piece, start, stop)
        last = data.rfind(b"\n") + 1
        # A line that is longer than a parcel may be goes in parts, as does one whose end does
        # not come: a prompt, a progress bar, the last words of a game that hangs.
        if last < len(data) and start + len(data) == piece.end and self._rests(piece):
            return stop
        if last:
            return start + last
        return stop if len(data) == most else start

    def _rests(self, piece: Piece) -> bool:
        return not piece.is_sealed and clock.now() - self.reader.last_at(piece) >= _REST_SECONDS

    def parcel(
        self, stretch: Stretch, piece: Piece, made: Callable[[], object] = nothing
    ) -> Parcel | None:
        """Return the stretch's bytes as what is handed to a sink, None where they are gone."""
        data = self.reader.read(piece, stretch.start, stretch.end)
        if len(data) < stretch.end - stretch.start:
            return None
        wall = self.session.wall_ns
        times = self.reader.times(piece, stretch.start, stretch.end)
        return Parcel(
            stretch.source,
            stretch.start,
            data,
            tuple((offset, at + wall) for offset, at in times),
            is_tail=stretch.is_tail,
            continues=self._continues(piece, stretch.start),
            made=made,
        )

    def _continues(self, piece: Piece, start: int) -> bool:
        """Return whether the byte before is known to be no end of a line."""
        if start > piece.start:
            return self.reader.read(piece, start - 1, start) != b"\n"
        for before in self.reader.pieces():
            if before.source == piece.source and before.end == start:
                return self.reader.read(before, start - 1, start) != b"\n"
        return False

    def delivered(self, sinks: Iterable[str]) -> list[Piece]:
        """Return the sealed segments that every one of the sinks has."""
        names = tuple(sinks)
        return [
            piece
            for piece in self.reader.pieces()
            if piece.is_sealed
            and not any(
                self.checkpoint.missing(name, piece.source, piece.start, piece.end)
                for name in names
            )
        ]

    def owed(self, sink: str, ends: Mapping[str, int]) -> tuple[int, int]:
        """Return how many bytes a sink lacks that are still there, that are gone for good.

        Args:
            sink: its name.
            ends: how far each source has come.
        """
        there: dict[str, spans.Spans] = {}
        for piece in self.reader.pieces():
            known = there.get(piece.source, ())
            there[piece.source] = spans.add(known, piece.start, piece.end)
        left = dropped = 0
        for source, end in ends.items():
            for first, last in self.checkpoint.missing(sink, source, 0, end):
                gone = spans.size(spans.missing(there.get(source, ()), first, last))
                dropped += gone
                left += last - first - gone
        return left, dropped + self.checkpoint.of(sink).skipped

    def ends_seen(self) -> dict[str, int]:
        """Return how far each source has come, as far as its segments show."""
        return {piece.source: piece.end for piece in self.reader.pieces()}


def open_volume(
    folder: Path, labels: dict[str, str], wall_ns: int, sinks: Iterable[str]
) -> Volume:
    """Return the running life's spool; a predecessor of ours has fixed its session already."""
    kept = read_session(folder)
    session = kept or Session(labels, wall_ns, tuple(sinks))
    if kept is None:
        put(folder / FILE, msgspec.json.encode(session))
    return Volume(folder, session)


def read_session(folder: Path) -> Session | None:
    """Return what is kept of a spool's life, None where that is nothing."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Session)
    except (OSError, msgspec.MsgspecError):
        return None
