"""The container's usage as its own cgroup tells it, version 2 or 1."""

from collections.abc import Iterator
from pathlib import Path

from ..core.usage import ContainerUsage
from .cgroup import number, table, text

_UNLIMITED = 1 << 60  # version 1 says "no limit" by a number near 2 ** 63


def read_container(root: Path = Path("/")) -> ContainerUsage | None:
    """Return what the cgroup tells, None where none is our own or none can be read.

    A version 1 hierarchy's root (it has a ``release_agent``) and a version 2 root (it has no
    ``memory.current``) are the machine's. From inside a container its own group is mounted in
    the root's place, whatever path ``/proc/self/cgroup`` tells.
    """
    base = root / "sys/fs/cgroup"
    paths = _own_paths(root)
    if (base / "cgroup.controllers").exists():
        return _version2(_folder(base, paths.get("", "/")))
    return _version1(base, paths)


def _version2(folder: Path) -> ContainerUsage | None:
    memory = number(folder / "memory.current")
    cpu = table(folder / "cpu.stat")
    if memory is None or "usage_usec" not in cpu:
        return None
    throttled = cpu.get("throttled_usec")
    return ContainerUsage(
        source="cgroup v2",
        cpu_seconds=cpu["usage_usec"] / 1e6,
        cpu_limit=_cpu_limit(text(folder / "cpu.max").split()),
        periods=cpu.get("nr_periods"),
        throttled_periods=cpu.get("nr_throttled"),
        throttled_seconds=None if throttled is None else throttled / 1e6,
        memory_bytes=_working_set(memory, table(folder / "memory.stat"), "inactive_file"),
        memory_limit=_least(number(each / "memory.max") for each in _up(folder)),
        memory_peak=number(folder / "memory.peak"),
        oom_kills=table(folder / "memory.events").get("oom_kill"),
        processes=number(folder / "pids.current"),
        processes_limit=number(folder / "pids.max"),
    )


def _version1(base: Path, paths: dict[str, str]) -> ContainerUsage | None:
    folders = {
        name: _controller(base, paths, name) for name in ("cpuacct", "cpu", "memory", "pids")
    }
    memory_folder, cpuacct, cpu, pids = (folders[n] for n in ("memory", "cpuacct", "cpu", "pids"))
    if memory_folder is None or cpuacct is None:
        return None
    memory, cpu_ns = (
        number(memory_folder / "memory.usage_in_bytes"),
        number(cpuacct / "cpuacct.usage"),
    )
    if memory is None or cpu_ns is None:
        return None
    stat = table(memory_folder / "memory.stat")
    limits = (
        stat.get("hierarchical_memory_limit"),
        number(memory_folder / "memory.limit_in_bytes"),
    )
    times = {} if cpu is None else table(cpu / "cpu.stat")
    throttled = times.get("throttled_time")
    return ContainerUsage(
        source="cgroup v1",
        cpu_seconds=cpu_ns / 1e9,
        cpu_limit=None if cpu is None else _cpu_limit(_quota1(cpu)),
        periods=times.get("nr_periods"),
        throttled_periods=times.get("nr_throttled"),
        throttled_seconds=None if throttled is None else throttled / 1e9,
        memory_bytes=_working_set(memory, stat, "total_inactive_file"),
        memory_limit=_least(limits),
        memory_peak=number(memory_folder / "memory.max_usage_in_bytes"),
        oom_kills=table(memory_folder / "memory.oom_control").get("oom_kill"),
        processes=None if pids is None else number(pids / "pids.current"),
        processes_limit=None if pids is None else number(pids / "pids.max"),
    )


def _own_paths(root: Path) -> dict[str, str]:
    """Return our path in each hierarchy, by controller; version 2 is the nameless one."""
    paths = {}
    for line in text(root / "proc/self/cgroup").splitlines():
        _, names, path = (*line.split(":", 2), "", "")[:3]
        paths.update(dict.fromkeys(names.split(","), path))
    return paths


def _controller(base: Path, paths: dict[str, str], name: str) -> Path | None:
    """Return the folder of a controller that is our own, None where there is none."""
    mounts = [each for each in (base / name, *base.glob("*,*")) if name in each.name.split(",")]
    for mount in mounts:
        folder = _folder(mount, paths.get(name, "/"))
        if folder.exists() and not (folder / "release_agent").exists():
            return folder
    return None


def _folder(mount: Path, path: str) -> Path:
    own = mount / path.lstrip("/")
    return own if own.exists() else mount


def _up(folder: Path) -> Iterator[Path]:
    """Yield the group with those above it: a limit of any of them holds."""
    yield folder
    for parent in folder.parents:
        if not (parent / "cgroup.controllers").exists():
            return
        yield parent


def _working_set(usage: int, stat: dict[str, int], inactive: str) -> int:
    return max(0, usage - stat.get(inactive, 0))


def _least(limits: "Iterator[int | None] | tuple[int | None, ...]") -> int | None:
    known = [each for each in limits if each is not None and each < _UNLIMITED]
    return min(known, default=None)


def _quota1(folder: Path) -> list[str]:
    return [text(folder / name).strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")]


def _cpu_limit(words: list[str]) -> float | None:
    """Return quota by period; "max" or -1 mean that there is none."""
    match words:
        case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):
            return int(quota) / int(period)
        case _:
            return None
