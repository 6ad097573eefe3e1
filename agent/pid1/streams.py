"""One stream's bytes, cut into segments."""

import errno
import time

from .segments import ENTRY_BYTES, Place, Segment

_NEWLINE = 10


class Stream:
    """One stream's bytes, its segments and its output's cursor.

    Attributes:
        end: the offset after the last byte that ever came.
        cursor: the offset of the first byte that its output has not taken.
        skipped: how many bytes its output left out.
        gap: how many bytes are in no segment of the spool's own place.
        kept: what came last can be read back.
        appended_at: when the last byte came, boot-time seconds.
        is_copy: once sealed, only its output needs it.
        segments: those that still exist, the oldest first; the active one is the last.
    """

    def __init__(self, spool: "Keeper", name: str) -> None:
        self.name = name
        self.end = 0
        self.cursor = 0
        self.skipped = 0
        self.gap = 0
        self.kept = True
        self.appended_at = 0.0
        self.is_copy = False
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
        if place is not self._spool.places[0]:
            soft = min(soft, place.small)
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
        if place is self._spool.places[0]:
            self._spool.bring_in()
        return count

    def seal(self) -> None:
        """Seal the active segment, if there is one."""
        segment, self.active = self.active, None
        if segment is not None:
            segment.seal()
            segment.released = self.is_copy
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
            if segment is None or segment.hangs:
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
        if segment is None or segment.hangs:
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


TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from typing import Protocol

    class Keeper(Protocol):
        """What a stream needs of its spool."""

        places: list[Place]
        segment_bytes: int

        def make_room(self, place: Place, count: int) -> bool:
            """Drop the oldest segments until *count* more bytes fit; say whether they do."""

        def bring_in(self) -> None:
            """Move what memory stood in for to the folder, once that takes it again."""
