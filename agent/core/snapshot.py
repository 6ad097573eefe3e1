"""What readers of the status may see."""

from dataclasses import dataclass, field

from .phases import Health, Mode, Phase, Reason, Report


@dataclass(frozen=True, slots=True)
class GameStatus:
    """The game process."""

    pid: int | None
    running: bool
    uptime_seconds: float | None
    exit: str | None  # in words: "exit status 7", "killed by SIGSEGV"
    restarts: int


@dataclass(frozen=True, slots=True)
class PortsStatus:
    """The game's ports at the last look; nobody looks any more once it is ready."""

    bound: tuple[str, ...] = ()  # declared ones, by name
    missing: tuple[str, ...] = ()
    other: tuple[str, ...] = ()  # where none is declared: "udp:7777"
    certain: bool = True  # false: its descriptors are another user's, anybody's socket counts


@dataclass(frozen=True, slots=True)
class CheckStatus:
    """The last look at one condition of AGENT_READY_WHEN or AGENT_HEALTH_WHEN."""

    check: str
    holds: bool
    failed: int  # in a row, since game ready
    note: str


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What one source of players said last."""

    name: str
    count: int | None
    present: bool | None
    age_seconds: float | None
    note: str  # why it has nothing to say, or what failed


@dataclass(frozen=True, slots=True)
class PlayersStatus:
    """Who is there, as far as anybody has said; an unknown count is null, never 0.

    ``present`` says whether somebody is there, also where nobody has counted; null = unknown.
    """

    count: int | None
    capacity: int | None
    ids: tuple[str, ...]
    source: str | None
    age_seconds: float | None
    present: bool | None = None
    sources: tuple[SourceStatus, ...] = ()  # all that have been looked at, the most trusted first


@dataclass(frozen=True, slots=True)
class MatchStatus:
    """The match that is on."""

    id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class HoldStatus:
    """A promise not to stop for being idle."""

    seconds_left: float
    why: str


@dataclass(frozen=True, slots=True)
class TimerStatus:
    """One timer that may end the deployment: what it is doing, and why."""

    name: str
    running: bool
    limit_seconds: float
    elapsed_seconds: float
    why: str
    text: str = ""  # all of it, as one line for people


@dataclass(frozen=True, slots=True)
class StopStatus:
    """A stop that is on."""

    reason: Reason
    why: str
    stage: str  # drain | ask | kill | ship | report | await | done
    seconds_left: float  # until the game is killed


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """What the platform was told, what it said."""

    state: Report
    attempts: int
    detail: str


@dataclass(frozen=True, slots=True)
class CountsStatus:
    """What only grows in the life of the container, whichever agent counted."""

    seconds_played: float = 0.0  # with players
    seconds_empty: float = 0.0  # with nobody there, or no game
    seconds_unknown: float = 0.0  # with a game, yet nobody who says how many are there
    game_restarts: int = 0
    game_crashes: int = 0
    self_stops: dict[str, int] = field(default_factory=dict)  # answers, by outcome
    source_failures: dict[str, int] = field(default_factory=dict)  # of players, by name


@dataclass(frozen=True, slots=True)
class GameServerStatus:
    """The game server as Agones' face shows it."""

    state: str
    allocated_seconds_ago: float | None
    labels: dict[str, str]
    annotations: dict[str, str]
    counters: dict[str, tuple[int, int]]  # count, capacity
    lists: dict[str, tuple[int, tuple[str, ...]]]  # capacity, values
    ready_ends_match: bool  # what a Ready now would mean


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """What one log store has, as against what it should have."""

    name: str
    delivered_bytes: int  # of this life of the container
    objects: int
    left_bytes: int  # still in the spool
    dropped_bytes: int  # gone from the spool before it was delivered
    attempts: int
    failures: int
    rejected: int  # records that the store took, then threw away
    trouble: str  # why the last attempt failed; empty after one that did not
    counters: dict[str, int] = field(default_factory=dict)  # redacted, suppressed, cut, …


@dataclass(frozen=True, slots=True)
class LogsStatus:
    """Where the logs are."""

    folder: str  # of the spool; empty = in memory
    sinks: tuple[SinkStatus, ...] = ()
    faults: tuple[str, ...] = ()  # sinks that cannot be used, and why
    spool: dict[str, int] = field(default_factory=dict)  # PID 1's counters when last asked


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of somebody's output."""

    time: str  # ISO 8601, UTC
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """The whole, as GET /v1/status answers it."""

    boot_id: str
    revision: int
    phase: Phase
    phase_seconds: float
    why: str
    uptime_seconds: float
    mode: Mode
    health: Health
    health_age_seconds: float | None
    ready_by: str | None
    game: GameStatus
    players: PlayersStatus
    match: MatchStatus | None
    hold: HoldStatus | None
    timers: tuple[TimerStatus, ...]
    stop: StopStatus | None
    self_stop: ReportStatus
    would_stop: dict[str, int]  # observe mode: stops not carried out, by reason
    agent_starts: int
    degraded: tuple[str, ...]
    counts: CountsStatus = field(default_factory=CountsStatus)
    agones: GameServerStatus | None = None  # where that face is on
    logs: LogsStatus | None = None  # the core knows nothing of it
    waits_for: tuple[str, ...] = ()  # conditions for game ready that do not hold yet
    ports: PortsStatus = field(default_factory=PortsStatus)
    checks: tuple[CheckStatus, ...] = ()
