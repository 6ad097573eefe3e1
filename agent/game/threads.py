"""What a process tree is doing, thread by thread, as /proc shows it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..core.crash import ThreadFacts

MOST_THREADS = 256
MOST_SOCKETS = 128

_TABLES = ("tcp", "tcp6", "udp", "udp6")
_STATES = {"01": "established", "02": "connecting", "08": "close-wait", "0A": "listening"}
_LOCAL, _REMOTE, _STATE, _QUEUES, _INODE = 1, 2, 3, 4, 9


def threads(pids: Iterable[int], proc: Path = Path("/proc")) -> Iterator[ThreadFacts]:
    """Yield each thread of the processes; what may not be read is empty."""
    for pid in pids:
        try:
            tids = sorted(int(each.name) for each in (proc / str(pid) / "task").iterdir())
        except OSError:
            continue
        for tid in tids:
            facts = _thread(pid, tid, proc / str(pid) / "task" / str(tid))
            if facts is not None:
                yield facts


def sockets(pid: int, inodes: frozenset[int] | None, proc: Path = Path("/proc")) -> Iterator[str]:
    """Yield the sockets of a network namespace in words, with what waits in their queues.

    Args:
        pid: of a process in that namespace.
        inodes: those that count; None = all.
        proc: where /proc is.
    """
    for table in _TABLES:
        for row in _text(proc / str(pid) / "net" / table).splitlines()[1:]:
            words = row.split()
            if len(words) <= _INODE or (inodes is not None and int(words[_INODE]) not in inodes):
                continue
            state = _STATES.get(words[_STATE], "open" if table.startswith("udp") else "closing")
            sent, _, received = words[_QUEUES].partition(":")
            port, peer = _port(words[_LOCAL]), _port(words[_REMOTE])
            whom = f" ↔ port {peer}" if peer else ""
            queues = f"{int(received, 16)} bytes unread, {int(sent, 16)} unsent"
            yield f"{table} {port}{whom} {state}, {queues}"


def inodes(pids: Iterable[int], proc: Path = Path("/proc")) -> frozenset[int]:
    """Return the inodes of all sockets that the processes hold, as far as they may be read."""
    found = set()
    for pid in pids:
        try:
            for link in (proc / str(pid) / "fd").iterdir():
                target = str(link.readlink())
                if target.startswith("socket:["):
                    found.add(int(target[8:-1]))
        except OSError:
            continue
    return frozenset(found)


def _thread(pid: int, tid: int, folder: Path) -> ThreadFacts | None:
    head, _, tail = _text(folder / "stat").rpartition(")")
    words = tail.split()
    if len(words) < 13:  # noqa: PLR2004 - utime, stime are the 14th, 15th fields of proc_pid_stat(5)
        return None
    return ThreadFacts(
        pid=pid,
        tid=tid,
        name=head.partition("(")[2],
        state=words[0],
        wait_channel=_text(folder / "wchan").strip(" \n0"),
        syscall=_text(folder / "syscall").strip(),
        cpu_ticks=int(words[11]) + int(words[12]),
    )


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
