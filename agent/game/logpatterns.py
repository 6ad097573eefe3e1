"""Joins and leaves read from the game's output."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from ..core.events import Event, LinesMatched, SourceHushed
from ..core.sources import Trust
from ..interfaces import GameLines
from ..patience import ImpatienceError, Patience
from .presets import PRESETS

MATCHED_CHARACTERS = 1024
"""Of one line: who has joined stands near its beginning."""

_MOST_SLOW = 3  # lines; a bad pattern may cost the source, not the agent's time


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a line that tells of a move looks like; the group ``id`` names the player."""

    move: str  # join | leave
    expression: re.Pattern[str]


def patterns(lines: Iterable[str]) -> tuple[Pattern, ...]:
    """Return the patterns of AGENT_PLAYERS_LOG.

    Args:
        lines: names of presets, or ``join REGEX``, ``leave REGEX``.

    Raises:
        ValueError: a line is neither; the text says which, with the fix.
    """
    found: list[Pattern] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if line in PRESETS:
            found += (_pattern(move, each) for move, each in PRESETS[line]._asdict().items())
        elif word in {"join", "leave"} and rest:
            found.append(_pattern(word, rest.strip()))
        else:
            raise ValueError(
                f"{line!r} is no pattern; write join REGEX, leave REGEX, or one of"
                f" {', '.join(PRESETS)}"
            )
    if found and {each.move for each in found} != {"join", "leave"}:
        raise ValueError("one way is missing; write a line for join, one for leave")
    return tuple(found)


def moves(text: str, known: Iterable[Pattern], patience: Patience) -> tuple[tuple[str, str], ...]:
    """Return what one line tells, as (join | leave, id).

    Raises:
        ImpatienceError: a pattern takes too long with it.
    """
    head = text[:MATCHED_CHARACTERS]
    with patience.watching():
        return tuple(
            (each.move, match["id"])
            for each in known
            if (match := patience.first(each.expression, head)) and match["id"]
        )


class LogWatch:
    """Reads the game's lines for joins and leaves; a successor goes on where it stopped."""

    def __init__(
        self, lines: GameLines, known: tuple[Pattern, ...], post: Callable[[Event], object]
    ) -> None:
        self._lines = lines
        self._known = known
        self._post = post

    async def run(self, read: Mapping[str, int]) -> None:
        """Read until cancelled, or until a pattern has taken too long with too many lines.

        Args:
            read: by stream, where those who read before have come to.
        """
        patience, slow = Patience(), 0
        async with aclosing(self._lines.lines(read)) as lines:
            async for line in lines:
                try:
                    found = moves(line.text, self._known, patience)
                except ImpatienceError:
                    slow += 1
                    if slow == _MOST_SLOW:
                        break
                    continue
                if found:
                    self._post(LinesMatched(line.source, line.end, found))
            else:
                return
        note = "a pattern of AGENT_PLAYERS_LOG takes too long; make it simpler"
        self._post(SourceHushed(Trust.LOG.value, note))


def _pattern(move: str, expression: str) -> Pattern:
    try:
        compiled = re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{expression!r} is no regular expression: {error}") from None
    if "id" not in compiled.groupindex:
        raise ValueError(f"{expression!r} names no player; write a group (?P<id>…)")
    return Pattern(move, compiled)
