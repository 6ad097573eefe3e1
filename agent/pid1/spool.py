"""The bounded store that every stream's bytes enter before they go anywhere else."""

import errno
import posix
import time

from . import places
from .segments import ENTRY_BYTES, Place, Segment

_LAG_BYTES = 64 << 20
_SEGMENT_BYTES = 8 << 20
_SEGMENTS = 8  # a small bound is still cut into so many, so that dropping one loses little
_NEWLINE = 10
NEVER = float("inf")

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
    folder, notices = places.make_folder(directory)
    places.hold(folder)
    spool = Spool(
        Place(folder, places.bound(folder, limit_bytes)), places.memory_bound(), seal_seconds
    )
    if not folder:
        notices.append("no folder is writable: the spool is kept in memory")
    if seal_seconds != NEVER:
        spool.segment_bytes = min(spool.segment_bytes, _SHIPPED_SEGMENT_BYTES)
    spool.notices += notices
    return spool


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
    def lag(self) -> int:
        """How many bytes an output may lag behind before it has to skip."""
        return min(_LAG_BYTES, self.places[0].limit)

    def stream(self, name: str) -> "Stream":
        """Return the stream of that name, made when first asked for."""
        if name not in self.streams:
            self.streams[name] = Stream(self, name)
        return self.streams[name]

    def seal(self, name: str = "") -> None:
        """Seal the current segment of one stream, or of all; the next byte begins another."""
        for stream in self.streams.values():
            if name in {"", stream.name}:
                stream.seal()

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

    def collect(self) -> None:
        """Remove every released segment that no output needs any longer."""
        for stream in self.streams.values():
            for segment in [s for s in stream.segments if s.released and s.end <= stream.cursor]:
                stream.remove(segment)

    def make_room(self, place: Place, count: int) -> bool:
        """Drop the oldest segments until *count* more bytes fit; say whether they do."""
        while place.total + count > place.limit or len(place.sealed) >= place.most:
            if not place.sealed:
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
            "spool_gap_bytes": sum(stream.gap for stream in self.streams.values()),
        }

    def discard(self) -> None:
        """Remove the folder with all that is in it; for leaving with nothing owed."""
        folder = self.folder
        try:
            for name in posix.listdir(folder) if folder else ():
                posix.unlink(f"{folder}/{name}")
            if folder:
                posix.rmdir(folder)
        except OSError:
            pass  # somebody else is tidying up too


class Stream:
    """One stream's bytes, its segments and its output's cursor.

    Attributes:
        end: the offset after the last byte that ever came.
        cursor: the offset of the first byte that its output has not taken.
        skipped: how many bytes its output left out.
        gap: how many bytes are in no segment of the spool's own place.
        kept: what came last can be read back.
        appended_at: when the last byte came, boot-time seconds.
        segments: those that still exist, the oldest first; the active one is the last.
    """

    def __init__(self, spool: Spool, name: str) -> None:
        self.name = name
        self.end = 0
        self.cursor = 0
        self.skipped = 0
        self.gap = 0
        self.kept = True
        self.appended_at = 0.0
        self.active: Segment | None = None
        self.segments: list[Segment] = []
        self._spool = spool
        self._seq = 0
        self._reading: Segment | None = None
        self._at_line_start = True

    @property
    def start(self) -> int:
        """The offset of the oldest byte that can still be read."""
        return self.segments[0].base if self.segments else self.end

    def append(self, view: memoryview) -> None:
        """Append all of *view*; what no place takes is counted as a gap, never an error."""
        now = self.appended_at = time.clock_gettime(time.CLOCK_BOOTTIME)
        done = 0
        self.kept = True
        while done < len(view):
            done += self._append_some(view[done:], now)
        self._at_line_start = view[-1] == _NEWLINE

    def _append_some(self, view: memoryview, now: float) -> int:
        """Return how many bytes are dealt with: kept or given up."""
        for place in self._spool.places:
            if place.retry_at > now:
                continue
            try:
                count = self._append_to(place, view, now)
            except OSError as error:
                place.failed(error, now)
                continue
            self.end += count
            if place is not self._spool.places[0]:
                self.gap += count
            return count
        self.kept = False
        self.end += len(view)
        self.gap += len(view)
        return len(view)

    def _append_to(self, place: Place, view: memoryview, now: float) -> int:
        active = self.active
        soft = self._spool.segment_bytes
        if active is not None and active.place is place:
            # A segment ends with a line where that costs at most half a segment more.
            full = active.size >= soft if self._at_line_start else active.size >= soft * 3 // 2
            if not full and active.end == self.end:
                view = view[: soft * 3 // 2 - active.size]
                if self._spool.make_room(place, len(view) + ENTRY_BYTES):
                    return active.append(view, now)
            self.seal()
        view = view[:soft]
        if not self._spool.make_room(place, len(view) + ENTRY_BYTES):
            raise OSError(errno.ENOSPC, "the bound is smaller than what is being written")
        fresh = Segment(place, self.name, self._seq + 1, self.end, now)
        try:
            count = fresh.append(view, now)
        except OSError:
            fresh.remove()
            raise
        self.seal()  # memory that stood in, up to the byte before
        self._seq += 1
        self.active = fresh
        self.segments.append(fresh)
        return count

    def seal(self) -> None:
        """Seal the active segment, if there is one."""
        segment, self.active = self.active, None
        if segment is not None:
            segment.seal()
            segment.place.sealed.append(segment)

    def remove(self, segment: Segment) -> None:
        """Remove a sealed segment."""
        segment.place.sealed.remove(segment)
        self.segments.remove(segment)
        if self._reading is segment:
            self._reading = None
        segment.remove()

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill *buffer* from *offset*; return how many bytes follow there without a gap."""
        done = 0
        while done < len(buffer) and offset + done < self.end:
            segment = self._find(offset + done)
            if segment is None:
                break
            try:
                count = segment.read(offset + done, buffer[done:])
            except OSError:
                count = 0
            if not count:
                segment.lose()  # taken away, or cut, from outside
                break
            done += count
        return done

    def locate(self, offset: int) -> tuple[int, int, int] | None:
        """Return the file that holds *offset*, the offset therein, how many bytes follow."""
        segment = self._find(offset)
        if segment is None:
            return None
        try:
            return segment.open(), offset - segment.base, segment.end - offset
        except OSError:
            segment.lose()
            return None

    def next_readable(self, offset: int) -> int:
        """Return the first offset, from *offset* on, at which a byte can be read, or the end."""
        for segment in self.segments:
            if segment.end > offset:
                return max(segment.base, offset)
        return self.end

    def _find(self, offset: int) -> Segment | None:
        reading = self._reading
        if reading is not None and reading.base <= offset < reading.end:
            return reading
        if reading is not None and reading is not self.active:
            reading.rest()
        self._reading = None
        for segment in reversed(self.segments):
            if segment.base <= offset < segment.end:
                self._reading = segment
                break
        return self._reading
