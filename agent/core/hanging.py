"""The end of a game that hangs: looked at, made to write its call stack, then killed."""

from dataclasses import replace

from .effects import AbortGame, Effect, ExamineGame, KillGame, Say
from .options import Options
from .phases import Health
from .state import State

NEVER = float("inf")


def suspect(state: State, why: str, now: float) -> tuple[State, tuple[Effect, ...]]:
    """Take note of a game that will be ended for being hung, have it looked at.

    One that says itself that it is unhealthy does not hang: it can tell why.
    """
    if state.pulse.said is Health.UNHEALTHY or not state.game.is_running:
        return state, ()
    return replace(state, game=replace(state.game, hung_at=now)), (ExamineGame(why),)


def put_down(state: State, why: str, options: Options) -> tuple[State, tuple[Effect, ...]]:
    """End an unhealthy game that is to be started again, where there is no stop."""
    state = replace(state, why=why)
    if state.game.hung_at is None or not options.hang_cap:
        killed = replace(state.game, killed=True)
        line = Say("warning", f"killing the unhealthy game: {why}")
        return replace(state, game=killed), (line, KillGame())
    state = replace(state, game=replace(state.game, aborted=True))
    line = Say("warning", f"the game hangs: {why}; it may write its call stack, then it is killed")
    return state, (line, AbortGame())


def finish(
    state: State, _: object, now: float, options: Options
) -> tuple[State, tuple[Effect, ...]]:
    """Kill the game that was to write its call stack, when its time is up."""
    if now < kill_due(state, options):
        return state, ()
    return replace(state, game=replace(state.game, killed=True)), (KillGame(),)


def kill_due(state: State, options: Options) -> float:
    """Return when that is; a stop that has begun meanwhile has a deadline of its own."""
    game = state.game
    if game.hung_at is None or not game.is_running or game.killed or state.stop is not None:
        return NEVER
    return game.hung_at + options.hang_cap


def abort_at(signal_at: float, kill_at: float, cap: float) -> float:
    """Return when a stop sends the hang signal: *cap* before SIGKILL, not in its first half."""
    return max(kill_at - cap, (signal_at + kill_at) / 2) if cap else NEVER
