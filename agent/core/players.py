"""Who is there, as far as anybody has said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .sources import UNHEARD, Trust, Word, counted, failed, silent, stated

API = Trust.API.value
TRAFFIC = Trust.TRAFFIC.value


@dataclass(frozen=True, slots=True)
class Players:
    """What all sources have said; the most trusted that has spoken is believed.

    Attributes:
        words: the last word of each source, by its name.
        heard: when each source last spoke, also to say the same again.
        capacity: how many could be there, where somebody said so.
        empty_since: since when it is known that nobody is there, else None.
        ever: whether anybody was seen since the game was started.
        flowed: traffic was seen while the believed source knew of somebody.
    """

    words: Mapping[str, Word] = field(default_factory=dict)
    heard: Mapping[str, float] = field(default_factory=dict)
    capacity: int | None = None
    empty_since: float | None = None
    ever: bool = False
    flowed: bool = False

    @property
    def source(self) -> str | None:
        """Who is believed; None where nobody has spoken."""
        spoken = (each.value for each in Trust if self.word(each.value).has_spoken)
        return next(spoken, None)

    @property
    def believed(self) -> Word:
        """What counts."""
        return self.word(self.source or "")

    @property
    def count(self) -> int | None:
        """How many are there, None where nobody has counted, which is not "nobody"."""
        return self.believed.count

    @property
    def ids(self) -> Mapping[str, None]:
        """Those known by name."""
        return self.believed.ids

    @property
    def unnamed(self) -> int:
        """How many more there are, known by number only."""
        return self.believed.unnamed

    @property
    def present(self) -> bool:
        """Whether somebody is known to be there."""
        return self.believed.says_somebody

    @property
    def heard_at(self) -> float | None:
        """When the believed source last spoke."""
        return self.heard.get(self.source or "")

    def word(self, source: str) -> Word:
        """Return what one source said last."""
        return self.words.get(source, UNHEARD)


def told(
    players: Players, ids: tuple[str, ...], count: int | None, capacity: int | None, now: float
) -> Players:
    """Take a full list, or a bare count; a count below the number of ids is the ids' number."""
    named = dict.fromkeys(ids)
    unnamed = 0 if count is None else max(0, count - len(named))
    word = stated(players.word(API), named, unnamed, now)
    return _heard(players, API, word, capacity, now)


def joined(players: Players, player: str, now: float, source: str = API) -> Players:
    """Add one; one who is there already changes nothing but the age."""
    word = players.word(source)
    if player in word.ids:
        return replace(players, heard={**players.heard, source: now})
    word = stated(word, {**word.ids, player: None}, word.unnamed, now)
    return _heard(players, source, word, None, now)


def left(players: Players, player: str, now: float, source: str = API) -> Players:
    """Take one away; one who is not there changes nothing but the age."""
    word = players.word(source)
    ids = dict(word.ids)
    ids.pop(player, None)
    return _heard(players, source, stated(word, ids, word.unnamed, now), None, now)


def assumed_empty(players: Players, source: str, now: float) -> Players:
    """Take it as known that nobody is there yet (``AGENT_PLAYERS=api``, ``=log``).

    Not by a source of which it is known that it cannot speak.
    """
    if players.word(source).has_spoken or players.word(source).note:
        return players
    return _heard(players, source, stated(UNHEARD, {}, 0, now), None, now)


def seen(  # noqa: PLR0913 - what one look can show
    players: Players,
    source: str,
    count: int | None,
    now: float,
    *,
    is_crowd: bool = False,
    capacity: int | None = None,
    note: str = "",
) -> Players:
    """Take a look's result; neither a count nor a crowd means that it failed."""
    word = players.word(source)
    if count is None and not is_crowd:
        return _fused(players, {**players.words, source: failed(word, note)}, now)
    word = counted(word, count or 0, now, is_crowd=is_crowd)
    return _heard(players, source, word, capacity, now)


def hushed(players: Players, source: str, note: str, now: float) -> Players:
    """Take it that a source has nothing to say."""
    return _fused(players, {**players.words, source: silent(note)}, now)


def stale_at(players: Players, limit: float) -> float:
    """Return when players whom no packet comes from are no longer believed in.

    Only where traffic was seen while they were there: a game may speak through a relay.
    """
    quiet = players.word(TRAFFIC)
    counts = limit and players.flowed and players.present and players.source != TRAFFIC
    if not counts or not quiet.says_nobody or quiet.empty_at is None:
        return float("inf")
    return quiet.empty_at + limit


def forgotten(players: Players, now: float) -> Players:
    """Return the players without those who are stale: until they are told of again."""
    source = players.source or ""
    word = stated(UNHEARD, {}, 0, now)
    return _fused(replace(players, flowed=False), {**players.words, source: word}, now)


def _heard(players: Players, source: str, word: Word, capacity: int | None, now: float) -> Players:
    if capacity is not None and capacity != players.capacity:
        players = replace(players, capacity=capacity)
    players = replace(players, heard={**players.heard, source: now})
    return _fused(players, {**players.words, source: word}, now)


def _fused(players: Players, words: Mapping[str, Word], now: float) -> Players:
    """Return what all words together say; while nobody is there, since when goes on.

    Who was not believed before does not speak for the time before.
    """
    was_empty, source = players.empty_since, players.source
    players = replace(players, words=words, empty_since=None)
    word = players.believed
    if word.says_nobody:
        since = word.empty_at if source in (None, players.source) else now
        players = replace(players, empty_since=since if was_empty is None else was_empty)
    if not word.says_somebody:
        return players
    flows = players.flowed or players.word(TRAFFIC).says_somebody
    return replace(players, ever=True, flowed=flows)
