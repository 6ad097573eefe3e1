"""Passing for an Agones game server while time goes on."""

from dataclasses import replace

from . import agones
from .effects import Effect
from .events import Event
from .options import Options
from .phases import Phase
from .state import Match, State


def move_on(
    state: State, _: Event, now: float, options: Options
) -> tuple[State, tuple[Effect, ...]]:
    """Move the game server on as Agones would, where its face is on."""
    if "agones" not in options.sdk or state.stop is not None:
        return state, ()
    before, allocate = state.server, options.agones_allocate
    server = agones.aged(before, now, allocate, is_played=state.phase is Phase.IN_MATCH)
    if server is before:
        return state, ()
    state = replace(state, server=server)
    begins = server.state == agones.ALLOCATED and allocate == "ready"
    if begins and state.match is None:
        state = replace(state, match=Match(agones.MATCH, now), tells_matches=True)
    return state, ()
