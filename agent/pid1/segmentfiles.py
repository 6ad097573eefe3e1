"""The two files of a segment, as the system calls that make them, fill them, end them."""

import posix

_COPY = posix.O_CREAT | posix.O_TRUNC | posix.O_WRONLY | posix.O_CLOEXEC
_NEW = posix.O_CREAT | posix.O_EXCL | posix.O_APPEND | posix.O_CLOEXEC


def create(path: str, entry: bytes) -> tuple[int, int]:
    """Create a segment's two files; return their descriptors."""
    fd = posix.open(path + ".log", _NEW | posix.O_RDWR, 0o600)
    index = -1
    try:
        index = posix.open(path + ".idx", _NEW | posix.O_WRONLY, 0o600)
        posix.write(index, entry)
    except OSError:
        uncreate(path)((fd, index))
        raise
    return fd, index


def uncreate(path: str) -> "Callable[[tuple[int, int]], None]":
    """Return what takes `create` back."""
    return lambda fds: remove([fd for fd in fds if fd >= 0], path)


def append(fd: int, view: memoryview, index: int, entry: bytes) -> tuple[int, int]:
    """Append to both files; return how many bytes each has taken."""
    count = posix.write(fd, view)
    noted = 0
    if entry and index >= 0:
        try:
            noted = posix.write(index, entry)
        except OSError:
            pass  # the bytes are kept; their time is only known less exactly
    return count, noted


def cut(fd: int, size: int, index: int, noted: int) -> None:
    """Take `append` back: leave so many bytes, so many less of the index."""
    posix.ftruncate(fd, size)
    if noted:
        posix.ftruncate(index, posix.fstat(index).st_size - noted)


def seal(*fds: int) -> None:
    """Make files read-only, close them."""
    for fd in fds:
        if fd >= 0:
            try:
                posix.fchmod(fd, 0o400)
            except OSError:
                pass  # a file system without modes: the next segment's being there says it too
            posix.close(fd)


def copy(memory: int, size: int, entries: bytes, path: str) -> None:
    """Write a sealed segment's files; the one that readers look for is there when it is whole."""
    new = path + ".new"
    fds = [memory]
    try:
        fds += [posix.open(file, _COPY, 0o400) for file in (path + ".idx", new)]
        done = 0
        while done < len(entries):
            done += posix.write(fds[1], entries[done:])
        done = 0
        while done < size:
            done += posix.sendfile(fds[2], memory, done, size - done)
        posix.rename(new, path + ".log")
    except OSError:
        unlink(path, new)
        raise
    finally:
        for fd in fds:
            posix.close(fd)


def remove(fds: list[int], path: str) -> None:
    """Close descriptors, remove a segment's files; no path: it was in memory."""
    for fd in fds:
        posix.close(fd)
    if path:
        unlink(path)


def unlink(path: str, *more: str) -> None:
    """Remove a segment's files, and others."""
    for file in (path + ".log", path + ".idx", *more):
        try:
            posix.unlink(file)
        except OSError:
            pass  # somebody else took it away


TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from collections.abc import Callable
