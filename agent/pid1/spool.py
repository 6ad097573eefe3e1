"""The bounded store that every stream's bytes enter before they go anywhere else."""

import posix

from . import places
from .disk import PATIENCE_SECONDS, Disk, GuardedDisk
from .segments import Place, Segment
from .streams import Stream

_LAG_BYTES = 64 << 20
_SEGMENT_BYTES = 8 << 20
_SEGMENTS = 8  # a small bound is still cut into so many, so that dropping one loses little
NEVER = float("inf")
_OPENING_SECONDS = 2.0  # a volume may take its time; the game's pipe holds its lines meanwhile

SHIPPED_BYTES = 256 << 20
"""The bound while a sink is set, unless the operator has set one: an outage takes long."""

SHIPPED_SECONDS = 30.0
"""How old a segment grows while a sink is set, so that a stop has only seconds of lines left."""

_SHIPPED_SEGMENT_BYTES = 1 << 20
"""How large: it is one object in a store, and even a slow one shall have the last in a grace."""


def open_spool(directory: str, limit_bytes: int, seal_seconds: float = NEVER) -> "Spool":
    """Open a spool in a new folder of its own, or in memory where no folder can be had.

    Args:
        directory: where the operator wants it (``AGENT_SPOOL_DIR``), or an empty string.
        limit_bytes: the most that it may hold (``AGENT_SPOOL_MAX``).
        seal_seconds: a segment older than this is sealed, so that it can be shipped.
    """
    disk = GuardedDisk(_OPENING_SECONDS)
    try:
        folder, limit, may_hang, notices = disk.call(
            lambda: _settle(directory, limit_bytes), lambda _: None
        )
    except OSError:
        folder, may_hang, notices = "", False, ["the disk for the spool hangs"]
        limit = places.bound("", limit_bytes)
    disk.patience = PATIENCE_SECONDS
    place = Place(folder, limit, disk if may_hang else Disk())
    spool = Spool(place, places.memory_bound(), seal_seconds)
    if not folder:
        notices.append("no folder is writable: the spool is kept in memory")
    if seal_seconds != NEVER:
        spool.segment_bytes = min(spool.segment_bytes, _SHIPPED_SEGMENT_BYTES)
    spool.notices += notices
    return spool


def _settle(directory: str, limit_bytes: int) -> tuple[str, int, bool, list[str]]:
    folder, notices = places.make_folder(directory)
    places.hold(folder)
    return folder, places.bound(folder, limit_bytes), places.may_hang(folder), notices


class Spool:
    """Streams of bytes in append-only segments, the oldest dropped at the bound.

    Files: see `Segment`. Offsets count a stream's bytes from the start of PID 1, those that could
    not be kept included. Not for several threads at once: it belongs to the pump's.

    Attributes:
        places: where segments go, the best first; memory steps in when a folder fails.
        streams: every stream by its name.
        notices: lines for the operator.
    """

    def __init__(self, main: Place, spare_bytes: int, seal_seconds: float = NEVER) -> None:
        self.places = [main]
        if main.folder:
            self.places.append(Place("", spare_bytes))
        self.seal_seconds = seal_seconds
        self.segment_bytes = min(_SEGMENT_BYTES, max(1, main.limit // _SEGMENTS))
        self.streams: dict[str, Stream] = {}
        self.notices: list[str] = []

    @property
    def folder(self) -> str:
        """The folder that the segments lie in; empty if they are in memory."""
        return self.places[0].folder

    @property
    def stalls(self) -> int:
        """How often the disk hung; each time it kept what was being appended in its hands."""
        return self.places[0].disk.stalls

    @property
    def lag(self) -> int:
        """How many bytes an output may lag behind before it has to skip."""
        return min(_LAG_BYTES, self.places[0].limit)

    def stream(self, name: str) -> Stream:
        """Return the stream of that name, made when first asked for."""
        if name not in self.streams:
            self.streams[name] = Stream(self, name)
        return self.streams[name]

    def seal(self, name: str = "") -> None:
        """Seal the current segment of one stream, or of all; the next byte begins another."""
        for stream in self.streams.values():
            if name in {"", stream.name}:
                stream.seal()
        self.bring_in()

    def bring_in(self) -> None:
        """Move what memory stood in for to the folder, once that takes it again."""
        main, *spare = self.places
        for place in spare:
            for segment in list(place.sealed):
                if main.disk.hangs or not self.make_room(main, segment.weight, segment.born):
                    return
                try:
                    segment.move(main)
                except OSError:
                    return  # the next time; there it is until then
                place.sealed.remove(segment)
                main.sealed.append(segment)
                main.sealed.sort(key=_age)
                self.streams[segment.stream].gap -= segment.size

    def seal_old(self, now: float) -> float:
        """Seal what is older than ``seal_seconds``; return when to look again."""
        soonest = NEVER
        for stream in self.streams.values():
            if stream.active is None:
                continue
            due = stream.active.born + self.seal_seconds
            if due <= now:
                stream.seal()
            else:
                soonest = min(soonest, due)
        return soonest

    def release(self, name: str, seq: int) -> None:
        """Let go of a sealed segment: removed as soon as its stream's output has passed it."""
        for place in self.places:
            for segment in place.sealed:
                if segment.stream == name and segment.seq == seq:
                    segment.released = True
        self.collect()
        self.bring_in()

    def collect(self) -> None:
        """Remove every released segment that no output needs any longer."""
        for stream in self.streams.values():
            for segment in [s for s in stream.segments if s.released and s.end <= stream.cursor]:
                stream.remove(segment)

    def make_room(self, place: Place, count: int, born: float = NEVER) -> bool:
        """Drop the oldest segments until *count* more bytes fit; say whether they do.

        Args:
            place: where.
            count: bytes.
            born: nothing is dropped for what is older itself.
        """
        while place.total + count > place.limit or len(place.sealed) >= place.most:
            if not place.sealed or place.sealed[0].born > born:
                return False
            oldest = next((s for s in place.sealed if s.released), place.sealed[0])
            if not oldest.released:
                place.dropped += oldest.size
            self.streams[oldest.stream].remove(oldest)
        return True

    def counters(self) -> dict[str, int]:
        """Return what the spool holds, what it had to drop, what it could not keep at all."""
        return {
            "spool_bytes": sum(place.total for place in self.places),
            "spool_dropped_bytes": sum(place.dropped for place in self.places),
            "spool_failures": sum(place.failures for place in self.places),
            "spool_spare_bytes": sum(place.total for place in self.places[1:]),
            "spool_stalls": self.stalls,
            "spool_gap_bytes": sum(stream.gap for stream in self.streams.values()),
        }

    def discard(self) -> None:
        """Remove the folder with all that is in it; for leaving with nothing owed."""
        folder = self.folder
        if self.places[0].disk.hangs:
            return
        try:
            for name in posix.listdir(folder) if folder else ():
                posix.unlink(f"{folder}/{name}")
            if folder:
                posix.rmdir(folder)
        except OSError:
            pass  # somebody else is tidying up too


def _age(segment: Segment) -> float:
    return segment.born
