"""What another life of the container has left in the place where the spool is."""

import fcntl
import os
import shutil
from pathlib import Path

from .volume import Session, Volume, read_session

_NAMES = "arbitrium-agent-*"


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
    for folder in sorted(current.parent.glob(_NAMES)):
        if folder == current:
            continue
        lock = _take(folder)
        if lock is None:
            continue
        session = read_session(folder)
        if session is None or set(session.sinks) != set(sinks):
            os.close(lock)
            continue
        found.append(Leftover(_volume(folder, session), lock))
    return found


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
