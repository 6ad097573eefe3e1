"""Everything that the agent must not forget."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .agones import GameServer, reborn
from .checks import Checked
from .crash import Crash
from .health import Pulse
from .occupancy import Occupancy
from .phases import TRANSITIONS, Phase, Reason, Report
from .players import Players
from .tally import Tally


@dataclass(frozen=True, slots=True)
class Game:
    """The game process, as PID 1 tells of it."""

    pid: int | None = None
    started_at: float | None = None
    exit: int | None = None  # raw wait status of the last life
    restarts: tuple[float, ...] = ()  # when a new start was decided on
    restart_at: float | None = None  # when it is due; kept until it is done
    killed: bool = False  # we have ordered SIGKILL for this life
    hung_at: float | None = None  # when it was decided to end this life for being hung
    aborted: bool = False  # it has been told to write its call stack
    accounted: bool = False  # this life's exit was judged, reported where nobody asked for it

    @property
    def is_running(self) -> bool:
        """Return whether there is a game to signal."""
        return self.pid is not None and self.exit is None


@dataclass(frozen=True, slots=True)
class Ports:
    """What the last look at the game's ports has shown."""

    declared: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    changed_at: float | None = None  # when a port that was free was last seen bound
    certain: bool = True  # they are the game's own for sure


@dataclass(frozen=True, slots=True)
class Match:
    """The match that is on."""

    id: str
    started_at: float


@dataclass(frozen=True, slots=True)
class Hold:
    """A promise not to stop for being idle."""

    until: float
    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that is on; all times absolute, fixed when it began, later only shortened."""

    reason: Reason
    why: str
    begun_at: float
    ours: bool  # we end the deployment; otherwise the platform does, or nobody has to
    drain_until: float
    asks: tuple[tuple[str, float], ...]  # (way, when), the signal among them
    kill_at: float
    end_at: float
    abort_at: float = float("inf")  # when a game that hangs is to write its call stack
    asked: int = 0  # how many of the asks are done
    announced: bool = False
    shipped: bool = False
    left_bytes: int = 0  # of the logs, that are still being sent


@dataclass(frozen=True, slots=True)
class Owed:
    """How far the self-stop has come."""

    report: Report = Report.NOT_OWED
    attempts: int = 0
    detail: str = ""
    asked: bool = False  # a courier is under way
    since: float = 0.0  # when the platform first said so; "gone" says as much as "accepted"
    repeat_at: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The whole; only ``agent.core.lifecycle.step`` makes a new one."""

    boot_id: str
    born: float  # when PID 1 started
    luck: float = 0.0  # 0..1, drawn once a boot: the share of its jitter that a timer gets
    revision: int = 0
    phase: Phase = Phase.STARTING
    phase_since: float = 0.0
    why: str = "the game is starting"
    on_edgegap: bool = False
    game: Game = field(default_factory=Game)
    ports: Ports = field(default_factory=Ports)
    checks: Mapping[str, Checked] = field(default_factory=dict)  # by condition, as written
    api_spoken: bool = False
    says_ready: bool = False  # the game did, before anything else made it so
    calls: tuple[str, ...] = ()  # made in all lives of the game, where some are expected
    ready_at: float | None = None
    ready_by: str | None = None
    players: Players = field(default_factory=Players)
    lines_read: Mapping[str, int] = field(default_factory=dict)  # of the output, for players
    match: Match | None = None
    last_match: str | None = None  # id of the match that ended last
    tells_matches: bool = False  # it says when a match begins, so players alone make none
    server: GameServer = field(default_factory=GameServer)  # for Agones' face
    hold: Hold | None = None
    pulse: Pulse = field(default_factory=Pulse)
    stop: Stop | None = None
    crash: Crash | None = None  # the last exit that nobody asked for
    owed: Owed = field(default_factory=Owed)
    term_at: float | None = None
    warned: tuple[str, ...] = ()  # what has been said once
    would_stop: Mapping[str, int] = field(default_factory=dict)  # not carried out, by reason
    noted: Mapping[str, float] = field(default_factory=dict)  # reason → since, said once each
    occupancy: Occupancy = field(default_factory=Occupancy)
    tally: Tally = field(default_factory=Tally)
    told_at: float | None = None  # when the last status line was ordered
    agent_starts: int = 0
    left: int | None = None  # the exit status that PID 1 was told to leave with


def move(state: State, phase: Phase, now: float) -> State:
    """Return the state in another phase.

    Raises:
        AssertionError: the table of transitions forbids it, which is our bug.
    """
    if state.phase is phase:
        return state
    if phase not in TRANSITIONS[state.phase]:
        raise AssertionError(f"{state.phase.value} cannot become {phase.value}")
    return replace(state, phase=phase, phase_since=now)


def renew(state: State, game: Game, now: float, why: str) -> State:
    """Return the state for another life of the game: what it said in the last one is void."""
    if state.stop is None:
        state = replace(move(state, Phase.STARTING, now), why=why)
    return replace(
        state,
        game=game,
        ports=Ports(declared=state.ports.declared),
        checks={},
        api_spoken=False,
        says_ready=False,
        ready_at=None,
        ready_by=None,
        players=Players(capacity=state.players.capacity),
        match=None,
        last_match=None,
        tells_matches=False,
        server=reborn(state.server, now),
        hold=None,
        pulse=Pulse(),
    )
