"""Joins and leaves read from the game's output."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from ..core.events import Event, LinesMatched
from ..interfaces import GameLines
from .presets import PRESETS

MATCHED_CHARACTERS = 1024
"""Of one line: who has joined stands near its beginning."""


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


def moves(text: str, known: Iterable[Pattern]) -> tuple[tuple[str, str], ...]:
    """Return what one line tells, as (join | leave, id)."""
    head = text[:MATCHED_CHARACTERS]
    return tuple(
        (each.move, match["id"])
        for each in known
        if (match := each.expression.search(head)) and match["id"]
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
        """Read until cancelled.

        Args:
            read: by stream, where those who read before have come to.
        """
        async with aclosing(self._lines.lines(read)) as lines:
            async for line in lines:
                if found := moves(line.text, self._known):
                    self._post(LinesMatched(line.source, line.end, found))


def _pattern(move: str, expression: str) -> Pattern:
    try:
        compiled = re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{expression!r} is no regular expression: {error}") from None
    if "id" not in compiled.groupindex:
        raise ValueError(f"{expression!r} names no player; write a group (?P<id>…)")
    return Pattern(move, compiled)
