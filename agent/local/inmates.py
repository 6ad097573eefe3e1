"""A container's processes as its host sees them."""

import os
from collections.abc import Iterator
from pathlib import Path

_OURS = ("agent.configure", "agent.wiring", "agent.rescue")


def tree(main: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the processes from a container's main process down, with their command lines."""
    todo = [main]
    while todo:
        pid = todo.pop()
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            todo += children(pid)
        except OSError:
            continue  # it has just left
        yield pid, [word.decode(errors="replace") for word in words]


def children(pid: int) -> list[int]:
    """Return a process's children.

    Raises:
        OSError: there is no such process.
    """
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def agent(main: int) -> int | None:
    """Return the agent that serves, None where there is none."""
    return next((pid for pid, words in tree(main) if "agent.wiring" in words), None)


def game(main: int) -> int | None:
    """Return the game's first process, None where there is none."""
    try:
        born = children(main)
    except OSError:
        return None
    own = Path(f"/proc/{main}/cmdline").read_bytes()
    for pid in born:
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        # Between fork and exec a child still has its parent's command line.
        is_ours = any(room.encode() in line.split(b"\0") for room in _OURS)
        if line not in (b"", own) and not is_ours:
            return pid
    return None


def signal_game(main: int, signum: int) -> bool:
    """Signal the game's whole process group; return whether there was one."""
    pid = game(main)
    if pid is None:
        return False
    try:
        os.killpg(os.getpgid(pid), signum)
    except ProcessLookupError:
        return False
    return True


def environments(main: int) -> Iterator[tuple[str, bytes]]:
    """Yield what ``/proc`` shows of each process's variables, with its name."""
    for pid, words in tree(main):
        try:
            yield f"process {pid} ({words[0]})", Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue  # closed to us, so to the game too
