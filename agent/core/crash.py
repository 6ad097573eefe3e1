"""What is known of an exit that nobody asked for."""

from dataclasses import dataclass, field

from .snapshot import LogLine


@dataclass(frozen=True, slots=True)
class Crash:
    """What the state knows of such an exit, at that moment.

    Attributes:
        number: of this life of the container, from 1.
        kind: "crashed", "exited" (status 0), or "hung" (we ended it).
        exit: raw wait status.
        why: what made us end it; empty where it went by itself.
        phase: of the deployment, just before.
        was_ready: the game had been ready in this life.
        uptime_seconds: of the game; None where its start is not known.
        players: None where nobody has said.
        restarts: how often it had been started again.
        told: the report is written.
    """

    number: int
    kind: str
    exit: int
    why: str
    phase: str
    was_ready: bool
    uptime_seconds: float | None
    players: int | None
    restarts: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """The container's memory, from its cgroup; None where the kernel does not say.

    Attributes:
        peak_bytes: the most that the container has used, we included.
        limit_bytes: what it may use.
        failures: how often the limit was hit.
        oom_kills: processes that the kernel killed for it, since the last report.
        oom_killed: the game was probably among them.
    """

    peak_bytes: int | None = None
    limit_bytes: int | None = None
    failures: int | None = None
    oom_kills: int | None = None
    oom_killed: bool = False


@dataclass(frozen=True, slots=True)
class Find:
    """A core, a dump or a folder that the engine has left."""

    kind: str
    path: str
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """One thread, as /proc shows it; what may not be read is empty."""

    pid: int
    tid: int
    name: str
    state: str  # R runs, S sleeps, D waits for a disk or a driver, T is stopped
    wait_channel: str  # the kernel's function that it sleeps in
    syscall: str  # number with arguments, or "running"
    cpu_ticks: int  # used so far, user and system


@dataclass(frozen=True, slots=True)
class HangFacts:
    """The game, as it was when it was found to hang."""

    time: str  # ISO 8601, UTC
    why: str
    threads: tuple[ThreadFacts, ...] = ()
    sockets: tuple[str, ...] = ()
    lines: tuple[LogLine, ...] = ()
    left_out: int = 0  # threads and sockets beyond what a report takes


@dataclass(frozen=True, slots=True)
class CrashReport:
    """The whole, as ``GET /v1/crash`` answers it, as its file holds it."""

    time: str  # ISO 8601, UTC
    boot_id: str
    deployment: str
    number: int
    kind: str  # crashed | exited | hung
    exit: str  # in words
    exit_code: int  # as a shell says it
    signal: str | None
    why: str
    phase: str
    was_ready: bool
    uptime_seconds: float | None
    players: int | None
    restarts: int
    memory: MemoryFacts
    core_pattern: str  # where the kernel sends a core
    files: tuple[Find, ...] = ()
    hang: HangFacts | None = None
    lines: tuple[LogLine, ...] = field(default_factory=tuple)
    path: str = ""  # of the report's file; empty where no folder can be written to
