"""What can be ordered, in the imperative; harmless where its object is already gone."""

from dataclasses import dataclass

from .crash import Crash


@dataclass(frozen=True, slots=True)
class AnnounceStop:
    """Tell PID 1 what to do on its own if we fall silent; absolute boot-time seconds."""

    reason: str
    report: bool  # a self-stop is owed at the end
    signal_at: float
    kill_at: float
    end_at: float


@dataclass(frozen=True, slots=True)
class SignalGame:
    """Send the stop signal (``AGENT_STOP_SIGNAL``) to the game's group; PID 1 does it once."""


@dataclass(frozen=True, slots=True)
class AskGame:
    """Ask for the game's end in another way than by a signal.

    "events" is for games that follow the status, the events, a face: it only takes its time.
    """

    way: str
    reason: str
    kill_at: float


@dataclass(frozen=True, slots=True)
class ExamineGame:
    """Look at the game that hangs: its threads, its sockets, its last lines."""

    why: str


@dataclass(frozen=True, slots=True)
class AbortGame:
    """Send the hang signal (``AGENT_HANG_SIGNAL``), by which engines write their call stack."""


@dataclass(frozen=True, slots=True)
class ReportCrash:
    """Gather what is left of the game, report it; what is shipped or left waits for that."""

    crash: Crash


@dataclass(frozen=True, slots=True)
class KillGame:
    """End the game's process tree with SIGKILL."""


@dataclass(frozen=True, slots=True)
class RestartGame:
    """Spawn the game again, with the same command and environment."""


@dataclass(frozen=True, slots=True)
class ShipLogs:
    """Send what is left to the sinks, until the deadline."""

    until: float
    goes_on: bool = False  # we are still there then: the platform's SIGTERM is awaited


@dataclass(frozen=True, slots=True)
class SendSelfStop:
    """Tell the platform to end this deployment; retried until an answer counts.

    A courier that is already under way goes on.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class CancelSelfStop:
    """The platform is ending the deployment by itself: nothing is owed any more."""


@dataclass(frozen=True, slots=True)
class Leave:
    """End PID 1 with this exit status."""

    status: int
    why: str


@dataclass(frozen=True, slots=True)
class TellStatus:
    """Put the status line into the journal."""


@dataclass(frozen=True, slots=True)
class PresentBill:
    """Put into the journal what the container's time was worth, in seconds.

    Attributes:
        reason: why the deployment ends.
        seconds_played: with players.
        seconds_empty: without.
        seconds_unknown: with a game, yet nobody who says how many were there.
        leave_to_stop: from the last player's leave to the stop; None where nobody has left.
        stop_to_exit: from there to our exit.
    """

    reason: str
    seconds_played: float
    seconds_empty: float
    seconds_unknown: float
    leave_to_stop: float | None
    stop_to_exit: float


@dataclass(frozen=True, slots=True)
class Say:
    """Put one line into the journal; the level is info, warning or error."""

    level: str
    text: str


Effect = (
    AnnounceStop
    | SignalGame
    | AskGame
    | ExamineGame
    | AbortGame
    | ReportCrash
    | KillGame
    | RestartGame
    | ShipLogs
    | SendSelfStop
    | CancelSelfStop
    | Leave
    | TellStatus
    | PresentBill
    | Say
)
