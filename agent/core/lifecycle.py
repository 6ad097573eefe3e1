"""The life of a deployment: a fact in, a new state with its orders out.

``step`` is pure and total: the same arguments give the same answer, every event is taken
in every phase. It first absorbs the fact, then decides. Nothing is decided because an event
came at some moment, only because ``now`` says so: an early or doubled ``DeadlinePassed`` is
harmless.
"""

from dataclasses import replace

from . import agones, decisions, hanging, idle, reporting, stopping, telling
from .effects import Effect
from .events import Event, Resynced
from .facts import absorb
from .options import Options
from .phases import Phase
from .players import stale_at
from .readiness import next_look
from .state import State

NEVER = float("inf")


def step(
    state: State, event: Event, now: float, options: Options
) -> tuple[State, tuple[Effect, ...]]:
    """Return the state after *event* at *now*, with the effects to perform in order."""
    if state.left is not None and not isinstance(event, Resynced):
        return state, ()  # a new agent says it again: the order may have died with the old one
    before = state
    state = absorb(state, event, now)
    effects: tuple[Effect, ...] = ()
    for decide in decisions.DECISIONS:
        state, ordered = decide(state, event, now, options)
        effects += ordered
    return _revised(before, state), (*effects, *idle.news(before, state, now, options))


def deadline(state: State, now: float, options: Options) -> float:
    """Return when time alone changes something, infinity where it does not."""
    return min(_next_change(state, now, options), telling.next_line(state, options))


def _next_change(state: State, now: float, options: Options) -> float:
    if state.left is not None:
        return NEVER
    if state.phase is Phase.STOPPED:
        is_ended = state.term_at is not None
        return (stopping.last_call_at if is_ended else reporting.next_step)(state, options)
    if state.stop is not None:
        return stopping.next_step(state)
    due = [
        timer.due
        for timer in idle.timers(state, now, options)
        if not decisions.is_noted(timer, state)
    ]
    due.append(decisions.warnings_at(state, options))
    if "agones" in options.sdk:
        due.append(agones.due(state.server, options.agones_allocate))
    due.append(stale_at(state.players, options.stale_players))
    due.append(hanging.kill_due(state, options))
    if state.phase is Phase.STARTING and state.game.is_running:
        due.append(next_look(state, now, options))
    if state.game.restart_at is not None and state.game.exit is not None:
        due.append(state.game.restart_at)
    return min(due)


def _revised(before: State, after: State) -> State:
    """Return the state under its revision: a new one where a reader has something new to see.

    A health ping, or the same player list again, only changes an age; a status line tells what
    is known. Where nothing at all is new, it is the state that was there before: nothing has
    to be remembered then.
    """
    pulse = replace(after.pulse, heard_at=before.pulse.heard_at)
    players = replace(after.players, heard=before.players.heard)
    if replace(after, pulse=pulse, players=players, told_at=before.told_at) != before:
        return replace(after, revision=before.revision + 1)
    return before if after == before else after
