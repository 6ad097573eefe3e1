"""Append-only pieces of a stream, kept in a folder or in memory."""

import errno
import posix

from . import segmentfiles as files
from .disk import Disk

_INDEX_SECONDS = 0.010  # the index tells times this exactly
_RETRY_SECONDS = 1.0  # how long a place that failed is left alone
_MOST_IN_FOLDER = 4096
_MOST_IN_MEMORY = 64  # each one holds a descriptor

ENTRY_BYTES = 16


class Segment:
    """One file of a stream's bytes, with the index beside it.

    ``<stream>-<seq>.log`` holds the raw bytes and nothing else; its length is the truth.
    ``<stream>-<seq>.idx`` holds entries of 16 bytes, little endian: the offset in the whole
    stream (u64), the boot time in nanoseconds at which the byte at that offset was appended
    (u64). The first entry is the offset of the segment's first byte, so a hole between one
    segment's end and the next one's first entry is what could not be kept. A sealed segment is
    read-only (mode 0400) and never changes again but to be removed.

    Attributes:
        base: the offset in its stream of its first byte.
        size: how many bytes it holds.
        born: when its first byte came, boot-time seconds.
        weight: how many bytes of its place it takes.
        entries: its index, while it is in memory.
        released: nobody needs it any longer.
    """

    __slots__ = ("base", "born", "entries", "fd", "index", "indexed_at", "path", "place",
                 "released", "seq", "size", "stream", "weight")  # fmt: skip

    def __init__(self, place: "Place", stream: str, seq: int, base: int, now: float) -> None:
        self.place = place
        self.stream = stream
        self.seq = seq
        self.base = base
        self.size = self.weight = 0
        self.born = now
        self.indexed_at = now
        self.released = False
        self.index = -1
        self.path = ""
        if place.folder:
            path = f"{place.folder}/{stream}-{seq}"
            entry = _entry(base, now)
            self.fd, self.index = place.disk.call(
                lambda: files.create(path, entry), files.uncreate(path)
            )
            self.path = path
            self.entries = bytearray()
        else:
            self.fd = posix.memfd_create(f"{stream}-{seq}", posix.MFD_CLOEXEC)
            self.entries = bytearray(_entry(base, now))
        self._weigh(ENTRY_BYTES)

    @property
    def end(self) -> int:
        """The offset in the stream that follows its last byte."""
        return self.base + self.size

    @property
    def hangs(self) -> bool:
        """Whether to read from it would mean to wait for a disk that hangs."""
        return self.place.disk.hangs

    def append(self, view: memoryview, now: float) -> int:
        """Append what fits and return how many bytes that was.

        Raises:
            OSError: the place does not take it, or hangs, with *view* in its hands.
        """
        entry = b""
        if now - self.indexed_at >= _INDEX_SECONDS:
            entry = _entry(self.end, now)
            self.indexed_at = now
        fd, index, size = self.fd, self.index, self.size
        # What a disk takes after we have turned away is taken back: its bytes are elsewhere.
        count, noted = self.place.disk.call(
            lambda: files.append(fd, view, index, entry),
            lambda took: files.cut(fd, size, index, took[1]),
        )
        if index < 0:
            self.entries += entry
            noted = len(entry)
        self.size += count
        self._weigh(count + noted)
        return count

    def _weigh(self, count: int) -> None:
        self.weight += count
        self.place.total += count

    def read(self, offset: int, buffer: memoryview) -> int:
        """Read into *buffer* from the stream's *offset*; return how many bytes.

        Raises:
            OSError: somebody took the file away.
        """
        return posix.preadv(self.open(), [buffer], offset - self.base)

    def open(self) -> int:
        """Return a descriptor to read from; `rest` closes it.

        Raises:
            OSError: somebody took the file away.
        """
        if self.fd < 0:
            self.fd = posix.open(self.path + ".log", posix.O_RDONLY | posix.O_CLOEXEC)
        return self.fd

    def seal(self) -> None:
        """Make it read-only, which tells every reader that no more will come."""
        if self.path:
            fd, index = self.fd, self.index
            self.fd = self.index = -1
            self.place.disk.leave(lambda: files.seal(fd, index))

    def rest(self) -> None:
        """Give the descriptor back until somebody reads again; memory would be lost with it."""
        if self.path and self.fd >= 0:
            posix.close(self.fd)
            self.fd = -1

    def move(self, place: "Place") -> None:
        """Go from memory to a folder, where others can read it.

        Raises:
            OSError: the folder does not take it; it stays where it is.
        """
        path = f"{place.folder}/{self.stream}-{self.seq}"
        # One of its own: while a disk hangs, this segment may have to go.
        memory, size, entries = posix.dup(self.fd), self.size, bytes(self.entries)
        place.disk.call(
            lambda: files.copy(memory, size, entries, path), lambda _: files.unlink(path)
        )
        self._weigh(-self.weight)
        posix.close(self.fd)
        self.fd = -1
        self.path = path
        self.place = place
        self.entries = bytearray()
        self._weigh(size + len(entries))

    def remove(self) -> None:
        """Remove it; pages on their way through a pipe stay whole (it is never cut short)."""
        fds = [fd for fd in (self.fd, self.index) if fd >= 0]
        self.fd = self.index = -1
        path = self.path
        self.place.disk.leave(lambda: files.remove(fds, path))
        self.lose()

    def lose(self) -> None:
        """Hold nothing from now on: the file is gone, by us or by somebody else."""
        self._weigh(-self.weight)
        self.size = 0


class Place:
    """A folder, or memory of our own, with a bound on what lies there.

    Attributes:
        folder: its path; empty for memory.
        disk: the way to it.
        limit: the bound in bytes.
        total: how many bytes lie there now.
        sealed: its sealed segments, the oldest first.
        dropped: how many bytes were dropped, before anybody released them, to keep the bound.
        failures: how often it did not take what it was given.
        retry_at: it is left alone until then, boot-time seconds.
    """

    def __init__(self, folder: str, limit: int, disk: Disk | None = None) -> None:
        self.folder = folder
        self.disk = disk or Disk()
        self.limit = limit
        self.total = 0
        self.sealed: list[Segment] = []
        self.dropped = 0
        self.failures = 0
        self.retry_at = 0.0
        self.fault = 0

    @property
    def small(self) -> int:
        """How large segments are that stand in: small ones find room again sooner."""
        return max(1, self.limit // _MOST_IN_MEMORY)

    @property
    def most(self) -> int:
        """How many sealed segments may lie there."""
        return _MOST_IN_FOLDER if self.folder else _MOST_IN_MEMORY

    def failed(self, error: OSError, now: float) -> None:
        """Leave the place alone for a second (ENOSPC, EROFS, EIO and their like pass)."""
        self.failures += 1
        self.fault = error.errno or errno.EIO
        self.retry_at = now + _RETRY_SECONDS


def _entry(offset: int, now: float) -> bytes:
    return offset.to_bytes(8, "little") + int(now * 1e9).to_bytes(8, "little")
