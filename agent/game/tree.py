"""The processes that descend from one, with the sockets that they hold."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MAX_PROCESSES = 512
MAX_DESCRIPTORS = 65_536  # of the whole tree: a look costs tens of milliseconds at most

_SOCKET = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Held:
    """Which sockets a process tree holds.

    Attributes:
        inodes: the sockets.
        is_whole: every descriptor could be read: none belongs to another uid.
    """

    inodes: frozenset[int]
    is_whole: bool


def descendants(pid: int, proc: Path = Path("/proc")) -> list[int]:
    """Return *pid* with everything that it started and that still hangs on it.

    The kernel lists children by the thread that started them. What was orphaned in between
    belongs to PID 1 now; nothing tells that it was the game's.
    """
    found, at = [pid], 0
    while at < len(found) < MAX_PROCESSES:
        found += [child for child in _children(proc / str(found[at])) if child not in found]
        at += 1
    return found[:MAX_PROCESSES]


def lists_children(pid: int, proc: Path = Path("/proc")) -> bool:
    """Return whether this kernel tells children at all (CONFIG_PROC_CHILDREN)."""
    return (proc / str(pid) / "task" / str(pid) / "children").exists()


def held_sockets(pids: list[int], wanted: frozenset[int], proc: Path = Path("/proc")) -> Held:
    """Return those of the *wanted* inodes that the processes hold; stop once all are found."""
    found: set[int] = set()
    is_whole, looked_at = True, 0
    for pid in pids:
        try:
            for inode in _inodes(proc / str(pid) / "fd"):
                looked_at += 1
                if inode in wanted:
                    found.add(inode)
                if looked_at >= MAX_DESCRIPTORS:
                    return Held(frozenset(found), is_whole=False)
        except OSError:  # another uid, as a rule: reading it takes SYS_PTRACE
            is_whole = False
        if found == wanted:
            break
    return Held(frozenset(found), is_whole or found == wanted)


def holder(inodes: frozenset[int], proc: Path = Path("/proc")) -> str:
    """Return who holds one of the sockets, in words; it looks at every process that is seen."""
    pids = sorted(int(each.name) for each in proc.iterdir() if each.name.isdecimal())
    for pid in pids[:MAX_PROCESSES]:
        if held_sockets([pid], inodes, proc).inodes:
            with suppress(OSError):  # gone meanwhile
                name = (proc / str(pid) / "comm").read_text(errors="replace").strip()
                return f"{name!a} (pid {pid})"
    return "a process that can't be seen from here"


def _children(process: Path) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # gone meanwhile
        for listing in (process / "task").glob("*/children"):
            children += map(int, listing.read_text().split())
    return children


def _inodes(folder: Path) -> Iterator[int | None]:
    """Yield the inode of each descriptor, None for what is no socket.

    Raises:
        OSError: the process is not ours to look into.
    """
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - a Path each would cost ten times as much
            yield _inode(f"{folder}/{name}")
    except (FileNotFoundError, ProcessLookupError):
        return


def _inode(link: str) -> int | None:
    try:
        match = _SOCKET.fullmatch(os.readlink(link))  # noqa: PTH115 - as above
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(match[1]) if match else None
