"""The words of a deployment's life."""

from enum import Enum


class Phase(Enum):
    """Where the game server stands in its life."""

    STARTING = "starting"
    READY = "ready"
    IN_MATCH = "in_match"
    DRAINING = "draining"
    STOPPING = "stopping"
    STOPPED = "stopped"


TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.STARTING: frozenset({Phase.READY, Phase.DRAINING, Phase.STOPPING}),
    Phase.READY: frozenset({Phase.IN_MATCH, Phase.STARTING, Phase.DRAINING, Phase.STOPPING}),
    Phase.IN_MATCH: frozenset({Phase.READY, Phase.STARTING, Phase.DRAINING, Phase.STOPPING}),
    Phase.DRAINING: frozenset({Phase.STOPPING}),
    Phase.STOPPING: frozenset({Phase.STOPPED}),
    Phase.STOPPED: frozenset(),
}
"""A move outside this table is our bug. Back to STARTING = the game was restarted."""


class Health(Enum):
    """What is known of the game's health; it stands beside the phase."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    LOADING = "loading"


class Reason(Enum):
    """Why a deployment ends."""

    MATCH_ENDED = "match_ended"
    NOBODY_JOINED = "nobody_joined"
    EVERYBODY_LEFT = "everybody_left"
    MAX_DURATION = "max_duration"
    GAME_EXITED = "game_exited"
    GAME_CRASHED = "game_crashed"
    GAME_UNHEALTHY = "game_unhealthy"
    START_TIMEOUT = "start_timeout"
    REQUESTED = "requested"
    PLATFORM_SIGTERM = "platform_sigterm"


class Mode(Enum):
    """Whether stops that we decide are carried out."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class Policy(Enum):
    """What to do when the game is gone by itself, or unhealthy."""

    STOP = "stop"
    RESTART = "restart"
    EXIT = "exit"


class Report(Enum):
    """How far the self-stop has come: what the platform was told, what it said."""

    UNAVAILABLE = "unavailable"  # nobody to tell: no delete URL was injected
    NOT_OWED = "not_owed"
    OWED = "owed"
    ACCEPTED = "accepted"  # 200/202: SIGTERM is awaited
    GONE = "gone"  # 404/410: the deployment is already ended
    REJECTED = "rejected"  # 400/401/403: it still runs, it is still billed
