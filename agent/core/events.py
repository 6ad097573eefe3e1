"""What can happen, as facts in the past tense."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .sightings import (
    ConditionChecked,
    LinesMatched,
    PlayersCounted,
    PortsChecked,
    Sighting,
    SourceHushed,
)

# Events have one name space, wherever they are written down.
__all__ = ["ConditionChecked", "LinesMatched", "PlayersCounted", "PortsChecked", "SourceHushed"]


@dataclass(frozen=True, slots=True)
class Resynced:
    """PID 1 told the whole truth to an agent that has just started."""

    game_pid: int | None
    game_started_at: float | None
    game_exit: int | None  # raw wait status
    term_at: float | None  # when SIGTERM or SIGINT reached PID 1
    on_edgegap: bool  # a delete URL was injected
    declared_ports: tuple[str, ...] = ()  # names that the readiness rule waits for
    start: int = 0  # the how-manieth agent is told; 0 = the next one
    begins: Mapping[str, int] = field(default_factory=dict)  # as of GameStarted


@dataclass(frozen=True, slots=True)
class GameStarted:
    """PID 1 spawned the game (again)."""

    pid: int
    begins: Mapping[str, int] = field(default_factory=dict)  # where its output does, by stream


@dataclass(frozen=True, slots=True)
class GameExited:
    """PID 1 reaped the game."""

    status: int  # raw wait status


@dataclass(frozen=True, slots=True)
class GameNotStarted:
    """PID 1 could not spawn the game again after a restart was ordered."""

    why: str


@dataclass(frozen=True, slots=True)
class TermReceived:
    """The platform sent SIGTERM (or somebody pressed Ctrl-C)."""

    signum: int
    at: float | None = None  # when it reached PID 1; None = just now


@dataclass(frozen=True, slots=True)
class ReadyReported:
    """The game said that it is ready."""


@dataclass(frozen=True, slots=True)
class CallArrived:
    """The game made its first non-GET call to the control API."""


@dataclass(frozen=True, slots=True)
class CallNoted:
    """The game made a call; told once each, only where calls are expected."""

    name: str  # of core.expectations.NAMES


@dataclass(frozen=True, slots=True)
class HealthReported:
    """The game said how it is."""

    status: str  # healthy | unhealthy | loading
    seconds: float = 0.0  # loading: how long it may take


@dataclass(frozen=True, slots=True)
class MatchStarted:
    """The game said that a match began."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class MatchEnded:
    """The game said that the match is over."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class PlayersSet:
    """The game told everybody who is there: ids, or a count alone."""

    ids: tuple[str, ...] = ()
    count: int | None = None  # None = the number of ids
    capacity: int | None = None  # None = unchanged


@dataclass(frozen=True, slots=True)
class PlayerJoined:
    """One player came."""

    id: str


@dataclass(frozen=True, slots=True)
class PlayerLeft:
    """One player went."""

    id: str


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """The game asked not to be stopped for being idle."""

    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class HoldReleased:
    """The hold was taken back."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody asked for the deployment's end through the control API."""

    why: str = ""
    by: str = "api"  # or "self_stop": the game called the platform's stop, meant for good


@dataclass(frozen=True, slots=True)
class LogsShipped:
    """Nothing is left to ship, or the shipper gave up by its deadline."""

    left: int = 0  # bytes


@dataclass(frozen=True, slots=True)
class CrashReported:
    """The report of an exit that nobody asked for was written."""

    number: int


@dataclass(frozen=True, slots=True)
class SelfStopAccepted:
    """The platform said 200 or 202."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class SelfStopGone:
    """The platform said 404 or 410: the deployment has already ended."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class SelfStopRejected:
    """The platform said no for good: 400, 401, 403."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class SelfStopFailed:
    """One attempt failed in a way that is worth another try."""

    detail: str = ""
    attempts: int = field(default=1)


@dataclass(frozen=True, slots=True)
class GameServerMoved:
    """The game asked for a state of Agones."""

    state: str
    seconds: float = 0.0  # of a reservation, 0 = for ever


@dataclass(frozen=True, slots=True)
class GameServerNoted:
    """The game set a label or an annotation by Agones' SDK."""

    kind: str  # label | annotation
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class GameServerCounted:
    """The game set a counter by Agones' SDK."""

    name: str
    count: int
    capacity: int


@dataclass(frozen=True, slots=True)
class GameServerListed:
    """The game set a list by Agones' SDK."""

    name: str
    capacity: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """A time that the core asked for may have come; it compares for itself."""


Event = (
    Resynced
    | GameStarted
    | GameExited
    | GameNotStarted
    | TermReceived
    | ReadyReported
    | CallArrived
    | CallNoted
    | HealthReported
    | MatchStarted
    | MatchEnded
    | PlayersSet
    | PlayerJoined
    | PlayerLeft
    | HoldPlaced
    | HoldReleased
    | StopRequested
    | LogsShipped
    | CrashReported
    | SelfStopAccepted
    | SelfStopGone
    | SelfStopRejected
    | SelfStopFailed
    | GameServerMoved
    | GameServerNoted
    | GameServerCounted
    | GameServerListed
    | DeadlinePassed
    | Sighting
)
