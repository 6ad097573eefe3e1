"""What the container's processes take of the machine, looked at only when somebody asks."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..core.usage import ContainerUsage, NetworkUsage, ProcessUsage, Usage
from .container import read_container
from .tree import descendants

_FRESH_SECONDS = 1.0  # a look costs milliseconds; who asks more often gets the last one
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOOPBACK = "lo"
_NET_WORDS = 16  # of an interface: eight received, eight sent


class Meter:
    """Looks at the cgroup, at the processes, at the interfaces."""

    def __init__(
        self,
        *,
        now: Callable[[], float],
        game_pid: Callable[[], int | None],
        root: Path = Path("/"),
    ) -> None:
        """Prepare to look.

        Args:
            now: boot-time seconds.
            game_pid: tells the game's process, None where there is none.
            root: where ``proc`` and ``sys`` are.
        """
        self._now = now
        self._game_pid = game_pid
        self._root = root
        self._last: Usage | None = None
        self._clocks = {name: ProcessClock(root / "proc") for name in ("game", "agent", "init")}

    def look(self) -> Usage:
        """Return what is taken now, at most a second old; it blocks for milliseconds."""
        now = self._now()
        if self._last is not None and now - self._last.at < _FRESH_SECONDS:
            return self._last
        game = self._game_pid()
        pids = {
            "game": [] if game is None else descendants(game, self._root / "proc"),
            "agent": [os.getpid()],
            "init": [os.getppid()],
        }
        parts = {name: self._clocks[name].read(each) for name, each in pids.items() if each}
        container = read_container(self._root) or _added_up(parts.values())
        self._last = Usage(now, container, read_network(self._root / "proc"), parts)
        return self._last


class ProcessClock:
    """A processor clock of several processes that goes on when one of them ends."""

    def __init__(self, proc: Path) -> None:
        self._proc = proc
        self._seen: dict[tuple[int, int], float] = {}
        self._ended = 0.0

    def read(self, pids: Iterable[int]) -> ProcessUsage:
        """Return the processes' usage together; one that is gone meanwhile is left out."""
        seen: dict[tuple[int, int], float] = {}
        memory = threads = descriptors = 0
        is_whole = True
        for pid in pids:
            stat = _stat(self._proc / str(pid))
            if stat is None:
                continue
            seen[pid, stat.started] = stat.cpu_seconds
            memory += stat.memory_bytes
            threads += stat.threads
            try:
                descriptors += len(os.listdir(self._proc / str(pid) / "fd"))  # noqa: PTH208 - only counted
            except OSError:  # another uid: reading it takes SYS_PTRACE
                is_whole = False
        self._ended += sum(spent for key, spent in self._seen.items() if key not in seen)
        self._seen = seen
        return ProcessUsage(
            cpu_seconds=self._ended + sum(seen.values()),
            memory_bytes=memory,
            processes=len(seen),
            threads=threads,
            descriptors=descriptors if is_whole else None,
        )


@dataclass(frozen=True, slots=True)
class _Stat:
    started: int  # ticks since the boot: with the pid it names a process for good
    cpu_seconds: float
    threads: int
    memory_bytes: int


def _stat(folder: Path) -> _Stat | None:
    """Return what ``/proc/PID/stat`` tells, see proc_pid_stat(5); None for one that is gone."""
    try:
        text = (folder / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    words = text.rpartition(")")[2].split()  # the name before it may hold anything
    return _Stat(
        started=int(words[19]),
        cpu_seconds=(int(words[11]) + int(words[12])) / _TICKS,
        threads=int(words[17]),
        memory_bytes=int(words[21]) * _PAGE,
    )


def read_network(proc: Path = Path("/proc")) -> NetworkUsage | None:
    """Return what has passed all interfaces but the loopback, None where nobody tells."""
    try:
        text = (proc / "self/net/dev").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    rows = []
    for line in text.splitlines():
        name, colon, figures = line.partition(":")
        words = figures.split()
        if colon and name.strip() != _LOOPBACK and len(words) >= _NET_WORDS:
            rows.append([int(word) for word in words])
    return NetworkUsage(
        received_bytes=sum(row[0] for row in rows),
        received_packets=sum(row[1] for row in rows),
        sent_bytes=sum(row[8] for row in rows),
        sent_packets=sum(row[9] for row in rows),
    )


def _added_up(parts: Iterable[ProcessUsage]) -> ContainerUsage:
    known = list(parts)
    return ContainerUsage(
        source="processes",
        cpu_seconds=sum(part.cpu_seconds for part in known),
        memory_bytes=sum(part.memory_bytes for part in known),
        processes=sum(part.processes for part in known),
    )
