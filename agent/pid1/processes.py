"""Who is below us in the process table."""

import posix

from . import signals

_ROUNDS = 8  # a process may fork while we look; each round finds the children of the last


def descendants(root: int, without: int = 0) -> set[int]:
    """Return the living processes below *root*, less *without* with all that is below it.

    Zombies don't count. Orphans are ours as well, as we adopt them. An unreadable /proc
    shows nobody.
    """
    children: dict[int, list[int]] = {}
    zombies = set()
    for pid, parent, state in _table():
        children.setdefault(parent, []).append(pid)
        if state in ("Z", "X"):
            zombies.add(pid)
    found: set[int] = set()
    queue = [root]
    while queue:
        for pid in children.get(queue.pop(), ()):
            if pid != without and pid not in found:
                found.add(pid)
                queue.append(pid)
    return found - zombies


def send_each(pids: set[int], signum: int) -> None:
    """Send a signal to each; those that are gone meanwhile don't matter."""
    for pid in pids:
        try:
            posix.kill(pid, signum)
        except OSError:
            pass


def kill_below(root: int, without: int) -> None:
    """Kill everybody below *root*, also those who are born meanwhile; never ``kill(-1)``."""
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        fresh = descendants(root, without) - killed
        if not fresh:
            return
        send_each(fresh, signals.SIGKILL)
        killed |= fresh


def _table() -> list[tuple[int, int, str]]:
    """Return (pid, parent, state) of everybody whom /proc shows."""
    try:
        names = posix.listdir("/proc")
    except OSError:
        return []
    found = []
    for name in names:
        if name.isdecimal():
            fields = _stat(name)
            if len(fields) > 1:
                found.append((int(name), int(fields[1]), fields[0].decode()))
    return found


def _stat(pid: str) -> list[bytes]:
    """Return the fields from the state on; the name before may hold spaces and brackets."""
    try:
        fd = posix.open(f"/proc/{pid}/stat", posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return []
    try:
        return posix.read(fd, 4096).rpartition(b")")[2].split()
    except OSError:  # it ended between open and read
        return []
    finally:
        posix.close(fd)
