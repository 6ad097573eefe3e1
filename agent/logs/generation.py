"""One file of a log that goes through several, whatever it is called by now."""

import hashlib
import os
import stat

from .. import clock

HEAD_BYTES = 1024
QUIET_SECONDS = 0.2
_TAIL_BYTES = 64

Key = tuple[int, int]
"""Device with inode: unique as long as the file is open."""


class RefusedError(Exception):
    """The file is none that is followed; the text says why."""


class Generation:
    """An open file with how far it was read.

    Attributes:
        key: see `Key`.
        offset: of the first byte that was not read.
        head: the SHA-256 of its first bytes, hexadecimal; inodes are used again, contents are not.
        head_size: of how many bytes.
        size: what it had at the last look.
    """

    def __init__(self, fd: int, told: os.stat_result) -> None:
        self.fd = fd
        self.key: Key = told.st_dev, told.st_ino
        self.offset = 0
        self.head, self.head_size = head(fd, HEAD_BYTES)
        self.size = -1
        self._mtime_ns = 0
        self._changed_at = float("inf")  # not looked at yet
        self._last = b""

    @property
    def unread(self) -> int:
        """How many bytes were there at the last look that were not read."""
        return max(0, self.size - self.offset)

    def go_on(self, offset: int, head_: str, head_size: int) -> bool:
        """Go on where a reader before us stopped; False where it is not the same file."""
        if os.fstat(self.fd).st_size < offset or head(self.fd, head_size) != (head_, head_size):
            return False
        self.offset = offset
        return True

    def look(self, now: float) -> bool:
        """Look at its size; return whether it was cut since: then reading begins anew."""
        told = os.fstat(self.fd)
        if (told.st_size, told.st_mtime_ns) == (self.size, self._mtime_ns):
            return False
        age = max(0.0, clock.wall() - told.st_mtime) if self.size < 0 else 0.0
        self.size, self._mtime_ns, self._changed_at = told.st_size, told.st_mtime_ns, now - age
        is_cut = told.st_size < self.offset or not self._is_as_read()
        if is_cut:
            self.offset, self._last = 0, b""
        if is_cut or self.head_size < HEAD_BYTES:
            self.head, self.head_size = head(self.fd, HEAD_BYTES)
        return is_cut

    def is_quiet(self, now: float) -> bool:
        """Return whether it has stayed as it is for a while."""
        return now - self._changed_at >= QUIET_SECONDS

    def quiet_seconds(self, now: float) -> float:
        """Return for how long it has stayed as it is."""
        return now - self._changed_at

    def read(self, buffer: memoryview) -> int:
        """Read what follows the offset, which stays: the bytes are not kept yet.

        Raises:
            OSError: the disk gives nothing.
        """
        return os.preadv(self.fd, [buffer], self.offset)

    def took(self, view: memoryview) -> None:
        """Move on: these bytes are kept."""
        self.offset += len(view)
        self._last = (self._last + bytes(view[-_TAIL_BYTES:]))[-_TAIL_BYTES:]

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.fd)

    def _is_as_read(self) -> bool:
        """Return whether its first bytes, those last read, are still what they were."""
        if head(self.fd, self.head_size) != (self.head, self.head_size):
            return False
        count = len(self._last)
        return os.pread(self.fd, count, self.offset - count) == self._last


def open_generation(path: str, reader: int | None = None) -> Generation:
    """Open a regular file; nothing else is touched, for opening a FIFO has effects.

    Args:
        path: its name now; a link leads to what it names.
        reader: the uid of a game that is another user than we: what it could not read itself
            it shall not get into a log by a link of its own.

    Raises:
        RefusedError: it is a file of another kind, or not the game's to read.
        OSError: it is gone, or not ours to read.
    """
    named = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        told = os.fstat(named)
        if not stat.S_ISREG(told.st_mode):
            raise RefusedError("it is no regular file")
        if reader is not None and told.st_uid != reader and not told.st_mode & stat.S_IROTH:
            raise RefusedError("the game's own user may not read it")
        fd = os.open(f"/proc/self/fd/{named}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    finally:
        os.close(named)
    return Generation(fd, told)


def head(fd: int, count: int) -> tuple[str, int]:
    """Return the digest of a file's first bytes with how many of them there are."""
    data = os.pread(fd, count, 0)
    return hashlib.sha256(data).hexdigest(), len(data)
