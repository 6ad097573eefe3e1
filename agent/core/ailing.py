"""Whether looks from outside say that the game is ill."""

from dataclasses import dataclass

from . import conditions
from .conditions import Check
from .options import Options
from .state import State

BUSY_PATIENCE = 2
"""Times as many failures where the game is at work: it may be loading rather than hung."""


@dataclass(frozen=True, slots=True)
class Illness:
    """What is wrong, since when."""

    since: float
    why: str


def illness(state: State, options: Options) -> Illness | None:
    """Return what is wrong; None while AGENT_HEALTH_WHEN holds, or nobody has looked.

    A look that failed is only that: several in a row count. A fatal line counts at once.
    """
    if not options.health_when or not state.checks:
        return None
    wanted = conditions.parse(options.health_when, conditions.HEALTH)
    if conditions.met_by(wanted, lambda check: _well(check, state, options)) is not None:
        return None
    ill = [check for check in conditions.checks(wanted) if _well(check, state, options) is None]
    since = min(state.checks[check.text].failed_since for check in ill)
    return Illness(since, "; ".join(_in_words(check, state) for check in ill))


def _well(check: Check, state: State, options: Options) -> str | None:
    checked = state.checks.get(check.text)
    if checked is None or not checked.failed:
        return check.text
    if check.kind == "log!":
        return None
    patience = options.health_tries * (BUSY_PATIENCE if checked.is_busy else 1)
    return check.text if checked.failed < patience else None


def _in_words(check: Check, state: State) -> str:
    checked = state.checks[check.text]
    if check.kind == "log!":
        return f"it wrote {checked.note!r}"
    work = "" if checked.is_busy else ", at rest meanwhile"
    return f"{check.text} failed {checked.failed} times in a row ({checked.note}){work}"
