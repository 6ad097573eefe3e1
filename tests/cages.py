"""Control groups that bound what a container takes, of whichever version the kernel has."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.tools import need
from tests.waiting import until

_ROOT = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


class Cage:
    """One group.

    Attributes:
        join: a command that becomes the words after it, inside.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.join = ("sh", "-c", f'echo $$ > {folder}/cgroup.procs; exec "$@"', "sh")

    @property
    def oom_kills(self) -> int:
        """How many processes the kernel has ended in it for memory."""
        for name in ("memory.oom_control", "memory.events"):
            with suppress(FileNotFoundError):
                facts = dict(
                    line.split(" ") for line in (self._folder / name).read_text().splitlines()
                )
                return int(facts["oom_kill"])
        raise FileNotFoundError(self._folder)

    @property
    def throttled(self) -> int:
        """How often its processes had to wait for their next share of a processor."""
        facts = (self._folder / "cpu.stat").read_text().split()
        return int(facts[facts.index("nr_throttled") + 1])

    @property
    def peak_bytes(self) -> int:
        """The most memory that it has taken, page cache included."""
        for name in ("memory.max_usage_in_bytes", "memory.peak"):
            with suppress(FileNotFoundError):
                return int((self._folder / name).read_text())
        raise FileNotFoundError(self._folder)


@contextmanager
def memory_cage(limit_bytes: int) -> Iterator[Cage]:
    """Make a group whose processes have so much memory together."""
    with _cage(
        "memory", {"memory.limit_in_bytes": limit_bytes}, {"memory.max": limit_bytes}
    ) as it:
        yield it


@contextmanager
def cpu_cage(share: float) -> Iterator[Cage]:
    """Make a group whose processes have so much of one processor together."""
    quota = int(share * _PERIOD_US)
    first = {"cpu.cfs_period_us": _PERIOD_US, "cpu.cfs_quota_us": quota}
    with _cage("cpu", first, {"cpu.max": f"{quota} {_PERIOD_US}"}) as it:
        yield it


@contextmanager
def _cage(
    controller: str, first: Mapping[str, object], second: Mapping[str, object]
) -> Iterator[Cage]:
    made, files = _group(controller), first
    if made is None:
        made, files = _group(""), second
    assert made is not None
    made /= f"cage-{controller}-{os.getpid()}"
    with suppress(OSError):
        made.mkdir()
        for name, value in files.items():
            (made / name).write_text(str(value))
    there = all((made / name).exists() for name in files)
    need(f"{controller} cgroups", package="nothing: be root with /sys/fs/cgroup", there=there)
    yield Cage(made)
    until(lambda: not (made / "cgroup.procs").read_text(), what="the end of all in it")
    made.rmdir()


def _group(controller: str) -> Path | None:
    """Return our own group of a version 1 controller, or of version 2 for an empty name."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(",") and (controller or not names):
            return _ROOT / controller / path.strip("/")
    return None
