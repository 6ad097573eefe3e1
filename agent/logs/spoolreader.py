"""The spool's folder as its readers see it: nothing in it is ever changed by them."""

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"([A-Za-z0-9._=-]+)-(\d+)\.log")
_TROUBLE = re.compile(r"[^A-Za-z0-9._-]")
_ESCAPED = re.compile(r"=([0-9A-F]{2})")
_ENTRY = struct.Struct("<QQ")
_WRITABLE = 0o222
_COPY = "files"  # what is there a second time, on its way to the container's output


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment of a stream, see ``agent.pid1.segments``.

    Attributes:
        start: the offset in its stream of its first byte.
        size: how many bytes it had when it was looked at.
        born_ns: when its first byte came, boot-time nanoseconds.
        is_sealed: it will never have more.
    """

    source: str
    seq: int
    start: int
    size: int
    born_ns: int
    is_sealed: bool

    @property
    def end(self) -> int:
        """The offset in the stream that follows its last byte."""
        return self.start + self.size


class SpoolReader:
    """Reads what PID 1 writes; a file that goes away meanwhile is simply not there."""

    def __init__(self, folder: Path, *, is_over: bool = False) -> None:
        """Look into a folder.

        Args:
            folder: of a spool.
            is_over: nobody writes there any more, so every segment counts as sealed.
        """
        self.folder = folder
        self._is_over = is_over
        self._sealed: dict[tuple[str, int], Piece] = {}

    def pieces(self) -> list[Piece]:
        """Return what is there, each source's oldest first."""
        found = sorted(self._names())
        newest = dict(found)  # the last one of a name stays
        there: dict[tuple[str, int], Piece] = {}
        for source, seq in found:
            piece = self._sealed.get((source, seq)) or self._look(source, seq, newest[source])
            if piece is not None:
                there[source, seq] = piece
        self._sealed = {name: piece for name, piece in there.items() if piece.is_sealed}
        return list(there.values())

    def read(self, piece: Piece, start: int, end: int) -> bytes:
        """Return the bytes between two offsets of the stream, as far as they are there."""
        try:
            with self._path(piece).open("rb") as file:
                return os.pread(file.fileno(), end - start, start - piece.start)
        except OSError:
            return b""

    def times(self, piece: Piece, start: int, end: int) -> list[tuple[int, int]]:
        """Return (offset, boot-time ns) of some bytes between, the first of them at *start*."""
        known = [each for each in self._entries(piece) if each[0] < end]
        before = [at for offset, at in known if offset <= start]
        first = before[-1] if before else piece.born_ns
        return [(start, first), *(each for each in known if each[0] > start)]

    def last_at(self, piece: Piece) -> float:
        """Return when the last byte came, boot-time seconds, 10 ms too early at most."""
        return max((at for _, at in self._entries(piece)), default=piece.born_ns) / 1e9

    def _names(self) -> Iterator[tuple[str, int]]:
        try:
            files = list(self.folder.iterdir())
        except OSError:
            return
        for file in files:
            found = _NAME.fullmatch(file.name)
            if found and found[1] != _COPY:
                yield source_of(found[1]), int(found[2])

    def _look(self, source: str, seq: int, newest: int) -> Piece | None:
        try:
            facts = (self.folder / f"{stem(source)}-{seq}.log").stat()
        except OSError:
            return None
        # Of a file system without modes, the next segment's being there says that it is sealed.
        is_sealed = self._is_over or seq < newest or not facts.st_mode & _WRITABLE
        piece = Piece(source, seq, 0, facts.st_size, 0, is_sealed)
        entry = next(self._entries(piece), None)
        if entry is None:
            return None  # it is just being made
        return Piece(source, seq, entry[0], facts.st_size, entry[1], is_sealed)

    def _entries(self, piece: Piece) -> Iterator[tuple[int, int]]:
        try:
            index = self._path(piece).with_suffix(".idx").read_bytes()
        except OSError:
            return iter(())
        whole = len(index) - len(index) % _ENTRY.size  # the last one may be on its way
        return _ENTRY.iter_unpack(index[:whole])

    def _path(self, piece: Piece) -> Path:
        return self.folder / f"{stem(piece.source)}-{piece.seq}.log"


def stem(source: str) -> str:
    """Return what a source's files are called: its name, as every file system takes it."""
    return _TROUBLE.sub(
        lambda sign: "".join(
            f"={byte:02X}" for byte in sign[0].encode("utf-8", "surrogateescape")
        ),
        source,
    )


def source_of(stem: str) -> str:
    """Return the source whose files are called so."""
    # As latin-1 each byte is one sign; what was no escape is ASCII.
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), stem)
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")
