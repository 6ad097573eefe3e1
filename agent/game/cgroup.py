"""The container's memory as its cgroup tells it, version 1 or 2."""

from collections.abc import Iterator
from pathlib import Path

from ..core.crash import MemoryFacts

_NO_LIMIT = 1 << 60  # version 1 writes a number near 2^63 where there is none


def memory(root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc/self")) -> MemoryFacts:
    """Return what the kernel says; a figure that it doesn't know is None.

    ``memory.peak`` came with Linux 5.19, ``oom_kill`` of version 1 with 4.13; gVisor has neither.
    """
    for folder in _folders(root, proc):
        if (folder / "memory.max").exists():
            events = table(folder / "memory.events")
            return MemoryFacts(
                number(folder / "memory.peak"),
                number(folder / "memory.max"),
                events.get("max"),
                events.get("oom_kill"),
            )
        if (folder / "memory.limit_in_bytes").exists():
            limit = number(folder / "memory.limit_in_bytes")
            return MemoryFacts(
                number(folder / "memory.max_usage_in_bytes"),
                None if limit is None or limit >= _NO_LIMIT else limit,
                number(folder / "memory.failcnt"),
                table(folder / "memory.oom_control").get("oom_kill"),
            )
    return MemoryFacts()


def _folders(root: Path, proc: Path) -> Iterator[Path]:
    """Yield where our cgroup may be: with a namespace of cgroups it is the root itself."""
    for line in text(proc / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            yield root / path.lstrip("/")
        elif "memory" in controllers.split(","):
            yield root / "memory" / path.lstrip("/")
    yield from (root, root / "memory")


def table(path: Path) -> dict[str, int]:
    """Return a file of lines such as ``oom_kill 3``."""
    rows = (line.split() for line in text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}


def number(path: Path) -> int | None:
    """Return a file of one figure, None for "max" or for none at all."""
    word = text(path).strip()
    return int(word) if word.isdecimal() else None


def text(path: Path) -> str:
    """Return a file of the kernel's, empty where it cannot be read."""
    try:
        return path.read_text()
    except OSError:
        return ""
