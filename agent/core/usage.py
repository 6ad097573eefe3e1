"""What the container's processes take of the machine, as readers see it."""

from dataclasses import dataclass, replace

WARN_SHARE = 0.85  # of the memory limit
CALM_SHARE = 0.80  # below that the next rise is a new one


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Some processes together; a counter goes on when one of them ends."""

    cpu_seconds: float
    memory_bytes: int  # resident; pages that are shared count for each
    processes: int
    threads: int
    descriptors: int | None  # open ones; None where one of them is another user's


@dataclass(frozen=True, slots=True)
class ContainerUsage:
    """The whole container; None = the kernel does not tell, or there is no limit.

    Attributes:
        source: "cgroup v2", "cgroup v1" or "processes": added up where no cgroup is our own.
        cpu_limit: processors.
        throttled_seconds: for how long it was kept from running by the limit.
        throttled_periods: how many of the *periods* that were.
        memory_bytes: less what the kernel would give back at once (inactive file pages).
        memory_limit: bytes; the machine's memory where no other limit is set.
        memory_peak: bytes, with the file pages.
    """

    source: str
    cpu_seconds: float
    cpu_limit: float | None = None
    periods: int | None = None
    throttled_periods: int | None = None
    throttled_seconds: float | None = None
    memory_bytes: int = 0
    memory_limit: int | None = None
    memory_peak: int | None = None
    oom_kills: int | None = None
    processes: int | None = None
    processes_limit: int | None = None


@dataclass(frozen=True, slots=True)
class NetworkUsage:
    """All interfaces but the loopback."""

    received_bytes: int
    received_packets: int
    sent_bytes: int
    sent_packets: int


@dataclass(frozen=True, slots=True)
class Usage:
    """One look, at boot-time seconds *at*; nothing is there of a game that does not run."""

    at: float
    container: ContainerUsage
    network: NetworkUsage | None
    parts: dict[str, ProcessUsage]  # by "game", "agent", "init"


def cores(cpu_before: float, cpu_after: float, seconds: float) -> float:
    """Return how many processors were busy between two looks."""
    return max(0.0, cpu_after - cpu_before) / seconds if seconds > 0 else 0.0


def memory_share(container: ContainerUsage) -> float | None:
    """Return how much of the memory limit is taken, None where there is none."""
    return container.memory_bytes / container.memory_limit if container.memory_limit else None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Whether memory has been warned of since it was last low."""

    is_raised: bool = False

    def seen(self, container: ContainerUsage) -> tuple["Alarm", str]:
        """Return the alarm after a look, with the line to say, which is empty as a rule."""
        share = memory_share(container)
        if share is None or (self.is_raised and share >= CALM_SHARE):
            return self, ""
        if share < WARN_SHARE:
            return replace(self, is_raised=False), ""
        taken, limit = (
            mib(each or 0) for each in (container.memory_bytes, container.memory_limit)
        )
        line = (
            f"memory is at {share:.0%} of its limit ({taken} of {limit} MiB): the kernel kills "
            "when it is full; give the app version more memory, or look for a leak in the game"
        )
        return replace(self, is_raised=True), line


def mib(count: int) -> int:
    """Return bytes as whole MiB."""
    return round(count / (1 << 20))
