"""Who is there, as far as anybody has said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Players:
    """The players that the best source knows of.

    Attributes:
        source: who spoke last, or None: then nothing is known, which is not "nobody".
        ids: those known by name.
        unnamed: how many more there are, known by number only.
        capacity: how many could be there, where somebody said so.
        heard_at: when the source last spoke.
        empty_since: since when the count is known to be zero, else None.
        ever: whether anybody was seen since the game was started.
    """

    source: str | None = None
    ids: Mapping[str, None] = field(default_factory=dict)
    unnamed: int = 0
    capacity: int | None = None
    heard_at: float | None = None
    empty_since: float | None = None
    ever: bool = False

    @property
    def count(self) -> int | None:
        """Return how many are there, None where nobody has said."""
        return None if self.source is None else len(self.ids) + self.unnamed

    @property
    def present(self) -> bool:
        """Return whether somebody is known to be there."""
        return bool(self.count)


def told(
    players: Players, ids: tuple[str, ...], count: int | None, capacity: int | None, now: float
) -> Players:
    """Take a full list, or a bare count; a count below the number of ids is the ids' number."""
    named = dict.fromkeys(ids)
    unnamed = 0 if count is None else max(0, count - len(named))
    if capacity is None:
        capacity = players.capacity
    return _heard(replace(players, ids=named, unnamed=unnamed, capacity=capacity), now)


def joined(players: Players, player: str, now: float) -> Players:
    """Add one; one who is there already changes nothing but the age."""
    if player in players.ids:
        return replace(players, heard_at=now)
    return _heard(replace(players, ids={**players.ids, player: None}), now)


def left(players: Players, player: str, now: float) -> Players:
    """Take one away; one who is not there changes nothing but the age."""
    ids = dict(players.ids)
    ids.pop(player, None)
    return _heard(replace(players, ids=ids), now)


def assumed_empty(players: Players, now: float) -> Players:
    """Take it as known that nobody is there yet (``AGENT_PLAYERS=api``)."""
    return players if players.source else _heard(players, now)


def _heard(players: Players, now: float) -> Players:
    present = bool(players.ids) or players.unnamed > 0
    since = None if present else players.empty_since
    if not present and since is None:
        since = now
    return replace(
        players,
        source="api",
        heard_at=now,
        empty_since=since,
        ever=players.ever or present,
    )
