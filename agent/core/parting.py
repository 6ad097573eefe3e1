"""The last thing that is decided: with which status the container leaves, with which words."""

from dataclasses import replace

from . import exits, expectations, telling
from .effects import CancelSelfStop, Effect, Leave, Say
from .options import Options
from .phases import Reason
from .state import State, Stop

_UNEXPECTED = 1  # exit status where the calls were not as expected (AGENT_EXPECT)


def part(
    state: State, leave: Leave, now: float, options: Options
) -> tuple[State, tuple[Effect, ...]]:
    """Leave, with the bill; the platform is told no more."""
    effects: list[Effect] = []
    if state.owed.asked:
        state = replace(state, owed=replace(state.owed, asked=False))
        effects.append(CancelSelfStop())
    effects.append(telling.bill(state, now))
    status = leave.status
    if options.expect:
        difference = expectations.difference(options.expect, state.calls)
        status = status or (_UNEXPECTED if difference else 0)
        effects.append(_judgement(difference))
    return replace(state, left=status), (*effects, replace(leave, status=status))


def exit_status(state: State, stop: Stop) -> int:
    """Return the container's exit status.

    A stop of our own on Edgegap is a success. A stop by the platform is one too, unless the
    game had to be killed. Elsewhere, as under plain Docker, the game's own status counts.
    """
    game = state.game
    status = exits.KILLED if game.is_running else exits.code(game.exit or 0)
    if not state.on_edgegap:
        return status
    if stop.reason is Reason.PLATFORM_SIGTERM:
        return exits.KILLED if status == exits.KILLED else 0
    return 0 if stop.ours else status


def _judgement(difference: str) -> Say:
    if difference:
        return Say("error", f"the calls were not as AGENT_EXPECT says: {difference}")
    return Say("info", "the calls were as AGENT_EXPECT says")
