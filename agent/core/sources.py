"""What each source of players said last."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum


class Trust(Enum):
    """The sources, the most trusted first: of those that have spoken, the first is believed."""

    API = "api"  # the game itself, through us
    LOG = "log"  # its lines about who joined, who left
    A2S = "a2s"  # its answer to a server browser's question
    TCP = "tcp"  # connections that have stood a while
    TRAFFIC = "traffic"  # packets that come in


AUTO = "auto"
_PORTED = Trust.A2S.value
_LAST_PORT = 65_535


def chosen(text: str) -> Mapping[str, int]:
    """Return the sources that AGENT_PLAYERS names; a2s with its port, 0 where none is given.

    Raises:
        ValueError: one is none.
    """
    known = [each.value for each in Trust]
    if text == AUTO:
        return dict.fromkeys(known, 0)
    found = {}
    for word in text.split(","):
        name, colon, number = word.strip().partition(":")
        is_port = number.isdecimal() and 0 < int(number) <= _LAST_PORT
        if name not in known or (colon and not (name == _PORTED and is_port)):
            raise ValueError(
                f"{word.strip()!r} is no source of players; write auto, or a list of"
                f" {', '.join(known)}; a2s may have its port: a2s:27015"
            )
        found[name] = int(number) if colon else 0
    return found


@dataclass(frozen=True, slots=True)
class Word:
    """The last word of one source.

    Attributes:
        ids: those known by name.
        unnamed: how many more there are, known by number only.
        is_crowd: somebody is there, nobody has counted.
        is_known: it holds; after a query that failed nothing is known, which is not "nobody".
        has_spoken: it has held once, so this source is believed before those below it.
        empty_at: since when it says "nobody", the first look of a row included.
        note: why it has nothing to say, or what failed.
    """

    ids: Mapping[str, None] = field(default_factory=dict)
    unnamed: int = 0
    is_crowd: bool = False
    is_known: bool = False
    has_spoken: bool = False
    empty_at: float | None = None
    note: str = ""

    @property
    def count(self) -> int | None:
        """How many are there; None where that is not known."""
        if not self.is_known or (self.is_crowd and not self.unnamed):
            return None
        return len(self.ids) + self.unnamed

    @property
    def says_somebody(self) -> bool:
        """Whether somebody is there by this word."""
        return self.is_known and (self.is_crowd or bool(self.ids) or self.unnamed > 0)

    @property
    def says_nobody(self) -> bool:
        """Whether nobody is there by this word."""
        return self.is_known and not self.says_somebody


UNHEARD = Word()


def stated(word: Word, ids: Mapping[str, None], unnamed: int, now: float) -> Word:
    """Take what a source has stated: it holds at once."""
    present = bool(ids) or unnamed > 0
    empty_at = None if present else (word.empty_at if word.says_nobody else now)
    return Word(ids, unnamed, is_known=True, has_spoken=True, empty_at=empty_at)


def counted(word: Word, count: int, now: float, *, is_crowd: bool = False) -> Word:
    """Take the result of a look: that nobody is there holds from the second one in a row on."""
    if count or is_crowd:
        return Word(unnamed=count, is_crowd=is_crowd, is_known=True, has_spoken=True)
    if word.empty_at is None:
        return replace(word, has_spoken=True, empty_at=now, note="")
    return Word(is_known=True, has_spoken=True, empty_at=word.empty_at)


def failed(word: Word, note: str) -> Word:
    """Take it that a query failed: what was known is so no longer."""
    return Word(has_spoken=word.has_spoken, note=note)


def silent(note: str) -> Word:
    """Take it that a source has nothing to say: the less trusted are heard again."""
    return Word(note=note)
