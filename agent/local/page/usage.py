"""What a container uses just now."""

from pathlib import Path

import psutil  # type: ignore[import-untyped]
from msgspec import Struct


class Sample(Struct, frozen=True):
    """What the process tree had used by a moment, in boot-time seconds.

    Attributes:
        cpu: seconds, of the processes that live.
        memory: bytes, resident.
        received: bytes of its network namespace.
        sent: bytes of its network namespace.
        own_network: whether that namespace is its own; else it is the whole machine's.
    """

    at: float
    cpu: float
    memory: int
    received: int
    sent: int
    own_network: bool


def take(pid: int, at: float) -> Sample | None:
    """Return a sample of the tree below a main process; None where it is gone."""
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
        received, sent = _traffic(pid)
        own = Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    except (psutil.Error, OSError):
        return None
    seen = [part for process in tree if (part := _look(process))]
    cpu, memory = (sum(column) for column in zip(*seen, strict=True)) if seen else (0.0, 0)
    return Sample(at, round(cpu, 3), int(memory), received, sent, own)


def _look(process: psutil.Process) -> tuple[float, int] | None:
    """Return CPU seconds with resident bytes."""
    try:
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info().rss
    except psutil.Error:
        return None
    return times.user + times.system, memory


def _traffic(pid: int) -> tuple[int, int]:
    """Return the bytes received and sent on all devices that the process sees."""
    lines = Path(f"/proc/{pid}/net/dev").read_text(encoding="ascii").splitlines()[2:]
    counters = [line.partition(":")[2].split() for line in lines]
    return sum(int(words[0]) for words in counters), sum(int(words[8]) for words in counters)
