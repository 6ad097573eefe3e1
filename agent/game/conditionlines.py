"""Conditions that lines of the game's output make true."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing

from ..core.conditions import Check
from ..core.events import ConditionChecked, Event
from ..interfaces import GameLines
from ..patience import ImpatienceError, Patience

MATCHED_CHARACTERS = 4096
"""Of one line: what tells that a server is up, or lost, stands near its beginning."""

_SHOWN = 200  # characters of a fatal line


async def follow(
    lines: GameLines,
    checks: Iterable[Check],
    after: Mapping[str, int],
    post: Callable[[Event], object],
    warn: Callable[[str], object],
) -> None:
    """Read one life's lines until each of the checks has met its line.

    Args:
        lines: the output.
        checks: of the kinds ``log``, which holds from then on, or ``log!``, which fails.
        after: where that life of the game begins, by source.
        post: takes what was met.
        warn: takes a line on a pattern that is given up.
    """
    wanted = {check: re.compile(check.about) for check in checks}
    patience = Patience()
    async with aclosing(lines.lines(after)) as found:
        async for line in found:
            text = line.text[:MATCHED_CHARACTERS]
            with patience.watching():
                for check in list(wanted):
                    try:
                        met = patience.first(wanted[check], text)
                    except ImpatienceError:
                        warn(f"cannot use {check.text}: it takes too long; simplify the pattern")
                        del wanted[check]
                        continue
                    if met:
                        del wanted[check]
                        is_fatal = check.kind == "log!"
                        note = text[:_SHOWN] if is_fatal else ""
                        post(ConditionChecked(check.text, holds=not is_fatal, note=note))
            if not wanted:
                return
