"""A deployment as an Agones game server: its states, its labels, its counters, its lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

NEVER = float("inf")
ALLOCATE_AFTER = 0.2  # seconds; so long Ready can be seen, which Agones itself batches
REPEAT_WITHIN = 30.0  # a Ready so soon after our own allocation is the first one, said again

MATCH = "agones"
"""The id of the match of a game that tells none."""

SCHEDULED, READY, RESERVED, ALLOCATED = "Scheduled", "Ready", "Reserved", "Allocated"


@dataclass(frozen=True, slots=True)
class GameServer:
    """What an Agones game server is beside what every game is.

    Attributes:
        state: as Agones names it; Shutdown, Unhealthy follow from the stop.
        since: when it came to it.
        until: when a reservation ends, None = never.
        by_us: we have allocated it, not the game.
        allocated_at: when that last was.
        counters: (count, capacity) by name.
        lists: (capacity, values) by name.
    """

    state: str = SCHEDULED
    since: float = 0.0
    until: float | None = None
    by_us: bool = False
    allocated_at: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lists: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)


def moved(server: GameServer, state: str, seconds: float, now: float) -> GameServer:
    """Take a state that the game asks for; a reservation lasts *seconds*, 0 = for ever."""
    if state == ALLOCATED:
        return _allocated(server, now, by_us=False)
    if state == READY and _is_repeated(server, now):
        return server
    until = now + seconds if state == RESERVED and seconds else None
    return replace(server, state=state, since=now, until=until)


def noted(server: GameServer, kind: str, key: str, value: str) -> GameServer:
    """Set a label or an annotation."""
    if kind == "label":
        return replace(server, labels={**server.labels, key: value})
    return replace(server, annotations={**server.annotations, key: value})


def counted(server: GameServer, name: str, count: int, capacity: int) -> GameServer:
    """Set a counter."""
    return replace(server, counters={**server.counters, name: (count, capacity)})


def listed(server: GameServer, name: str, capacity: int, values: tuple[str, ...]) -> GameServer:
    """Set a list."""
    return replace(server, lists={**server.lists, name: (capacity, values)})


def reborn(server: GameServer, now: float) -> GameServer:
    """Return the server for another life of the game; what was noted of it stays."""
    return replace(server, state=SCHEDULED, since=now, until=None, by_us=False)


def due(server: GameServer, allocate: str) -> float:
    """Return when time alone moves it.

    Args:
        server: it.
        allocate: ``AGENT_AGONES_ALLOCATE``.
    """
    if server.state == RESERVED and server.until is not None:
        return server.until
    if server.state == READY and allocate == "ready":
        return server.since + ALLOCATE_AFTER
    return NEVER


def aged(server: GameServer, now: float, allocate: str, *, is_played: bool) -> GameServer:
    """Return the server as time has moved it, or where *allocate* is "match", the match."""
    if now >= due(server, allocate):
        if server.state == RESERVED:
            return replace(server, state=READY, since=now, until=None)
        return _allocated(server, now, by_us=True)
    if allocate == "match" and server.state == READY and is_played:
        return _allocated(server, now, by_us=True)
    if allocate == "match" and server.state == ALLOCATED and server.by_us and not is_played:
        return replace(server, state=READY, since=now)
    return server


def is_match_end(server: GameServer, now: float, *, is_played: bool) -> bool:
    """Return whether a Ready ends the match: the game was in one, and does not only repeat it."""
    return server.state == ALLOCATED and (is_played or not _is_repeated(server, now))


def _is_repeated(server: GameServer, now: float) -> bool:
    return server.state == ALLOCATED and server.by_us and now - server.since < REPEAT_WITHIN


def _allocated(server: GameServer, now: float, *, by_us: bool) -> GameServer:
    return replace(server, state=ALLOCATED, since=now, until=None, by_us=by_us, allocated_at=now)
