"""Which of the game's exits are reported, with what is known then."""

from dataclasses import replace

from . import exits
from .crash import Crash
from .effects import Effect, ReportCrash
from .events import Event, Resynced
from .options import Options
from .state import State


def account(
    state: State, event: Event, now: float, _: Options
) -> tuple[State, tuple[Effect, ...]]:
    """Account for the game's exit, once a life, before the decisions forget that life.

    A report that an agent owed when it died is owed by the next one.
    """
    crash = state.crash
    owed: tuple[Effect, ...] = ()
    if isinstance(event, Resynced) and crash is not None and not crash.told:
        owed = (ReportCrash(crash),)
    game = state.game
    if game.exit is None or game.accounted:
        return state, owed
    state = replace(state, game=replace(game, accounted=True))
    if not _is_unasked(state, game.exit):
        return state, owed
    crash = _crash(state, game.exit, now)
    return replace(state, crash=crash), (*owed, ReportCrash(crash))


def _is_unasked(state: State, status: int) -> bool:
    """Return whether nobody wanted it; a hang is reported though we ended it ourselves."""
    stop, game = state.stop, state.game
    if game.hung_at is not None:
        return True
    if game.killed:
        return False
    if stop is None:
        return state.term_at is None
    return exits.is_crash(status) and not stop.asked  # who left in the drain was told to


def _crash(state: State, status: int, now: float) -> Crash:
    game = state.game
    kind = "crashed" if exits.is_crash(status) else "exited"
    return Crash(
        number=1 if state.crash is None else state.crash.number + 1,
        kind=kind if game.hung_at is None else "hung",
        exit=status,
        why=state.why if game.hung_at is not None else "",
        phase=state.phase.value,
        was_ready=state.ready_at is not None,
        uptime_seconds=None
        if game.started_at is None
        else round(max(0.0, now - game.started_at), 3),
        players=state.players.count,
        restarts=len(game.restarts),
    )
