"""Segments beside those of PID 1, for sources that only the agent reads."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..pid1.segments import Place, Segment
from .spoolreader import SpoolReader, stem

SEGMENT_BYTES = 1 << 20
_SEGMENTS = 8  # a small bound is still cut into so many
_NEWLINE = 10
_WRITABLE = 0o200


class Origin(NamedTuple):
    """Where the bytes of a source come from, from one offset on.

    Attributes:
        at: the offset in the source.
        device, inode: of the file.
        head: see ``Generation``.
        head_size: likewise.
        offset: the offset in the file of the byte at *at*.
        path: what the file was called.
    """

    at: int
    device: int
    inode: int
    head: str
    head_size: int
    offset: int
    path: str


class Recorder:
    """Appends to one source's segments; a successor goes on exactly where we were killed.

    That needs no second book: an origin is written before the first byte that it tells of, so
    the length of the segments says how far each file was read.

    Attributes:
        end: the offset that follows the last byte.
        origins: oldest first, those of the agents before us among them.
    """

    def __init__(self, place: Place, source: str) -> None:
        """Take over what is there of a source."""
        self.source = source
        self.end = 0
        self._place = place
        self._most = min(SEGMENT_BYTES, max(1, place.limit // _SEGMENTS))
        self._stem = stem(source)
        self._book = Path(place.folder) / f"{self._stem}.origins"
        self._seq = 0
        self._spare = 0  # the newest one, where every sink has it
        self._active: Segment | None = None
        self._at_line_start = True
        self.origins = _origins(self._book)
        self._take_over()

    def append(self, view: memoryview, now: float) -> int:
        """Append what there is room for; return how many bytes that was.

        Raises:
            OSError: the disk takes nothing.
        """
        done = 0
        while done < len(view):
            segment = self._segment(now)
            most = min(self._most * 3 // 2 - segment.size, self._place.limit - self._place.total)
            if most <= 0:
                break
            count = segment.append(view[done : done + most], now)
            done += count
            self.end += count
            self._at_line_start = view[done - 1] == _NEWLINE
        return done

    def end_line(self, now: float) -> None:
        """End the last line, if it has no end: what follows is of another file.

        Raises:
            OSError: the disk takes nothing.
        """
        if not self._at_line_start:
            self._segment(now).append(memoryview(b"\n"), now)
            self.end += 1
            self._at_line_start = True

    @property
    def next_line(self) -> int:
        """The offset that the first byte of another file will have."""
        return self.end if self._at_line_start else self.end + 1

    def note(self, origin: Origin) -> None:
        """Write down where the next bytes come from.

        Raises:
            OSError: the disk does not take it.
        """
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._book, how, 0o600)
        try:
            os.write(fd, msgspec.json.encode(origin) + b"\n")
        finally:
            os.close(fd)
        self.origins.append(origin)

    def release(self, seq: int) -> None:
        """Let go of a sealed segment; the newest one stays for people to read, as long as it can.

        Raises:
            OSError: the disk does not take what is to be remembered of it.
        """
        if seq == self._seq:
            self._spare = seq
        else:
            self._remove(seq)

    def free(self) -> None:
        """Remove the newest segment too, if nobody else needs it: there is little room.

        It says how far we are; an origin takes that over from it.

        Raises:
            OSError: the disk does not take that.
        """
        # Without its last byte nobody would know that a line is to be ended.
        if self._spare and self._spare == self._seq and self._at_line_start:
            last = self.origins[-1]
            self.note(last._replace(at=self.end, offset=last.offset + self.end - last.at))
            self._remove(self._spare)
            self._spare = 0

    def seal(self) -> None:
        """Seal the current segment: it can be sent whole."""
        segment, self._active = self._active, None
        if segment is not None:
            segment.seal()

    def seal_old(self, now: float, seconds: float) -> None:
        """Seal a segment that has become old."""
        if self._active is not None and now - self._active.born >= seconds:
            self.seal()

    def noted_at(self) -> float:
        """Return when the last origin was, wall-clock seconds."""
        return self._book.stat().st_mtime

    def _segment(self, now: float) -> Segment:
        active = self._active
        if active is not None:
            # A segment ends with a line where that costs at most half a segment more.
            most = self._most if self._at_line_start else self._most * 3 // 2
            if active.size < most:
                return active
            self.seal()
        self._active = Segment(self._place, self._stem, self._seq + 1, self.end, now)
        self._seq += 1
        if self._spare:
            self._remove(self._spare)
            self._spare = 0
        return self._active

    def _remove(self, seq: int) -> None:
        file = Path(self._place.folder) / f"{self._stem}-{seq}.log"
        with suppress(OSError):
            self._place.total -= file.stat().st_size
        _remove(file)

    def _take_over(self) -> None:
        """Count what is there, seal what the agent before us was writing."""
        folder = Path(self._place.folder)
        reader = SpoolReader(folder)
        pieces = [piece for piece in reader.pieces() if piece.source == self.source]
        for piece in pieces:
            self._seq, self.end = piece.seq, piece.end
            self._place.total += piece.size
            self._at_line_start = reader.read(piece, piece.end - 1, piece.end) in {b"", b"\n"}
            for file in folder.glob(f"{_plain(self._stem)}-{piece.seq}.*"):
                if file.stat().st_mode & _WRITABLE:
                    file.chmod(0o400)
        known = {piece.seq for piece in pieces}
        for file in folder.glob(f"{_plain(self._stem)}-*.log"):
            seq = file.stem.removeprefix(f"{self._stem}-")
            if seq.isdecimal() and int(seq) not in known:  # killed between its two files
                _remove(file)
        if self.origins and self.end < self.origins[-1].at - 1:  # what was there was released
            self.end = self.origins[-1].at


def _remove(file: Path) -> None:
    for each in (file, file.with_suffix(".idx")):
        each.unlink(missing_ok=True)


def _plain(text: str) -> str:
    return text.replace("[", "[[]")


def _origins(book: Path) -> list[Origin]:
    try:
        lines = book.read_bytes().split(b"\n")[:-1]  # the last one may be torn
    except OSError:
        return []
    found = []
    with suppress(msgspec.MsgspecError):  # what follows a damaged one cannot be relied on
        for line in lines:
            found.append(msgspec.json.decode(line, type=Origin))  # noqa: PERF401 - up to there
    return found
