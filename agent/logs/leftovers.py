"""What another life of the container has left in the place where the spool is."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .. import clock
from .volume import FILE, Session, Volume, read_session

_NAMES = "arbitrium-agent-*"
_YOUNG_SECONDS = 60.0  # between making a folder and locking it, a PID 1 holds no lock


class Leftover:
    """A spool whose PID 1 is gone; ours alone while we hold its lock."""

    def __init__(self, volume: Volume, lock: int) -> None:
        self.volume = volume
        self._lock = lock

    def remove(self) -> None:
        """Remove the folder: all sinks have what was in it."""
        shutil.rmtree(self.volume.folder, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Leave the rest to somebody else."""
        os.close(self._lock)


def find(current: Path, sinks: tuple[str, ...]) -> list[Leftover]:
    """Return the leftovers beside the current spool that the same sinks were to get.

    Several containers may share a volume. PID 1 holds a lock on its folder, so one that can
    be locked belongs to nobody that lives.
    """
    found = []
    for folder, lock in _dead(current):
        session = read_session(folder)
        if session is None or set(session.sinks) != set(sinks):
            os.close(lock)
            continue
        found.append(Leftover(_volume(folder, session), lock))
    return found


def sweep(current: Path) -> None:
    """Remove the leftovers beside the current spool that no sink was ever to get.

    A PID 1 that was killed could not do it itself.
    """
    for folder, lock in _dead(current):
        is_young = clock.wall() - os.fstat(lock).st_mtime < _YOUNG_SECONDS
        if not is_young and not (folder / FILE).exists():
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _dead(current: Path) -> Iterator[tuple[Path, int]]:
    """Yield each other spool whose PID 1 is gone, with its lock, to be closed."""
    for folder in sorted(current.parent.glob(_NAMES)):
        lock = None if folder == current else _take(folder)
        if lock is not None:
            yield folder, lock


def _volume(folder: Path, session: Session) -> Volume:
    return Volume(folder, session, age=1)


def _take(folder: Path) -> int | None:
    """Lock a folder of our own user's that nobody holds."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # The place is open to all: what somebody else has put there is not for our sinks.
        if os.fstat(lock).st_uid != os.geteuid():
            raise PermissionError
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
