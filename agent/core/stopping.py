"""A stop, from the first request to the last line out."""

from dataclasses import replace

from . import budget, hanging
from .effects import AbortGame, AnnounceStop, AskGame, Effect, KillGame, Say, ShipLogs, SignalGame
from .events import Event, Resynced, TermReceived
from .options import Options
from .phases import Phase, Reason
from .state import State, Stop, move

NEVER = float("inf")

Ways = tuple[tuple[str, float], ...]
"""The stop list: (way, its cap), or (way, when) once there is a stop."""


def begin(
    state: State, reason: Reason, why: str, now: float, options: Options, *, ours: bool = True
) -> State:
    """Fix the deadlines of a stop; one that is on can only be shortened.

    A stop by the platform counts from its SIGTERM, which may have come while no agent was
    there. *ours* is false where nobody is to be told: only the container ends then.
    """
    if state.stop is not None:
        return state
    by_platform = reason is Reason.PLATFORM_SIGTERM
    begun_at = now if state.term_at is None else state.term_at
    whole = options.grace if by_platform else options.stop_timeout
    kill_at = budget.kill_at(begun_at, whole)
    drain_until = begun_at
    if not by_platform and state.players.present and state.game.is_running:
        drain = budget.drain_seconds(whole, options.drain)
        drain_until = min(begun_at + drain, kill_at)
    asks = _spread(options.stop_by, drain_until, kill_at)
    stop = Stop(
        reason=reason,
        why=why,
        begun_at=begun_at,
        ours=ours and not by_platform,
        drain_until=drain_until,
        asks=asks,
        kill_at=kill_at,
        abort_at=_abort_at(state, asks, kill_at, options),
        end_at=budget.end_at(begun_at, whole),
    )
    state = replace(state, stop=stop, why=why)
    return move(state, Phase.DRAINING if drain_until > now else Phase.STOPPING, now)


def shorten(state: State, now: float, options: Options) -> State:
    """Let the platform's SIGTERM shorten a stop of our own: its grace rules from now on."""
    stop = state.stop
    if stop is None or state.term_at is None or state.phase is Phase.STOPPED:
        return state
    kill_at = min(stop.kill_at, budget.kill_at(state.term_at, options.grace))
    shorter = replace(
        stop,
        drain_until=min(stop.drain_until, now, kill_at),  # its news may come late
        kill_at=kill_at,
        end_at=min(stop.end_at, budget.end_at(state.term_at, options.grace)),
    )
    if shorter == stop:
        return state
    asks = _hastened(stop, now, kill_at)
    abort_at = min(stop.abort_at, _abort_at(state, asks, kill_at, options))
    return replace(state, stop=replace(shorter, asks=asks, abort_at=abort_at, announced=False))


def advance(state: State, now: float) -> tuple[State, tuple[Effect, ...]]:
    """Take the next steps of the stop that are due at *now*."""
    stop = state.stop
    if stop is None:
        return state, ()
    effects: list[Effect] = []
    if not stop.announced:
        effects += [_announcement(state, stop), ShipLogs(stop.end_at, _goes_on(state, stop))]
        stop = replace(stop, announced=True)
    if state.phase is Phase.DRAINING and _is_drained(state, stop, now):
        state = move(state, Phase.STOPPING, now)
        asks = _hastened(stop, now, stop.kill_at)
        stop = replace(stop, drain_until=min(stop.drain_until, now), asks=asks)
    game = state.game
    if state.phase is Phase.STOPPING and game.is_running:
        stop = _ask(stop, now, effects)
        if now >= stop.abort_at and not game.aborted:
            effects += [Say("warning", "the game hangs: it may write its call stack"), AbortGame()]
            game = replace(game, aborted=True)
    # A game whose start was under way as the stop began may even come after its end.
    is_late = now >= stop.kill_at or state.phase is Phase.STOPPED
    if game.is_running and not game.killed and is_late:
        effects += [Say("warning", "the game did not leave by itself: killing it"), KillGame()]
        game = replace(game, killed=True)
    return replace(state, stop=stop, game=game), tuple(effects)


def next_step(state: State) -> float:
    """Return when the stop needs another look, until it is over."""
    stop = state.stop
    if stop is None:
        return NEVER
    if state.phase is Phase.DRAINING:
        return stop.drain_until
    due = [stop.end_at]
    if state.game.is_running:
        due += [at for _, at in stop.asks[stop.asked :]]
        due += [] if state.game.aborted else [stop.abort_at]
        due += [] if state.game.killed else [stop.kill_at]
    return min(due)


def is_over(state: State, now: float) -> bool:
    """Return whether the game is gone with its last lines out, or the time is up."""
    stop = state.stop
    if stop is None:
        return False
    is_done = stop.shipped and not state.game.is_running
    return state.phase is Phase.STOPPED or is_done or now >= stop.end_at


def last_call_at(state: State, options: Options) -> float:
    """Return until when lines that a stop of our own could not ship may still go out.

    The platform's SIGTERM ends the wait for it, and brings a grace of its own.
    """
    stop = state.stop
    if stop is None or (stop.shipped and not stop.left_bytes) or state.left is not None:
        return -NEVER
    if not stop.ours or state.term_at is None:
        return -NEVER
    return budget.end_at(state.term_at, options.grace)


def last_call(state: State, event: Event, options: Options) -> tuple[Effect, ...]:
    """Give the shipper its last deadline, when it is new, or when the agent is."""
    if isinstance(event, TermReceived | Resynced):
        return (ShipLogs(last_call_at(state, options)),)
    return ()


def signal_delay(options: Options) -> float:
    """Return how long after the platform's SIGTERM the game gets its signal, by the stop list."""
    kill_at = budget.kill_at(0.0, options.grace)
    return _signal_at(_spread(options.stop_by, 0.0, kill_at), kill_at)


def _spread(ways: Ways, begin_at: float, kill_at: float) -> Ways:
    """Turn caps into times: the signal no later than half of the time to KILL."""
    names = [way for way, _ in ways]
    before = names.index("signal") if "signal" in names else len(names)
    caps = tuple(cap for _, cap in ways)
    early = budget.shrink(caps[:before], max(0.0, kill_at - begin_at) / 2)
    at, asks = begin_at, []
    for way, cap in zip(names, early + caps[before:], strict=True):
        asks.append((way, min(at, kill_at)))
        at += cap
    return tuple(asks)


def _abort_at(state: State, asks: Ways, kill_at: float, options: Options) -> float:
    """Return when a game that hangs gets the hang signal; never, where it does not hang."""
    if state.game.hung_at is None:
        return NEVER
    return hanging.abort_at(_signal_at(asks, kill_at), kill_at, options.hang_cap)


def _hastened(stop: Stop, now: float, kill_at: float) -> Ways:
    """Return the asks with those still to come from *now* on, none later than it was."""
    done, left = stop.asks[: stop.asked], stop.asks[stop.asked :]
    pending = tuple((way, now) for way, _ in done[-1:]) + left  # the way being tried goes on
    nexts = [at for _, at in pending[1:] + pending[-1:]]
    caps = [max(0.0, after - at) for (_, at), after in zip(pending, nexts, strict=True)]
    ways = tuple((way, cap) for (way, _), cap in zip(pending, caps, strict=True))
    times = [at for _, at in _spread(ways, now, kill_at)][len(pending) - len(left) :]
    return done + tuple((way, min(at, soon)) for (way, at), soon in zip(left, times, strict=True))


def _announcement(state: State, stop: Stop) -> AnnounceStop:
    return AnnounceStop(
        reason=stop.reason.value,
        report=_goes_on(state, stop),
        signal_at=_signal_at(stop.asks, stop.kill_at),
        kill_at=stop.kill_at,
        end_at=stop.end_at,
    )


def _goes_on(state: State, stop: Stop) -> bool:
    """Return whether we stay after the stop's end, awaiting the platform's SIGTERM."""
    return stop.ours and state.on_edgegap and state.term_at is None


def _signal_at(asks: Ways, kill_at: float) -> float:
    return next((at for way, at in asks if way == "signal"), kill_at)


def _is_drained(state: State, stop: Stop, now: float) -> bool:
    return now >= stop.drain_until or not state.players.present or not state.game.is_running


def _ask(stop: Stop, now: float, effects: list[Effect]) -> Stop:
    """Ask by every way whose time has come."""
    due = [way for way, at in stop.asks[stop.asked :] if now >= at]
    for way in due:
        is_signal = way == "signal"
        effects.append(
            SignalGame() if is_signal else AskGame(way, stop.reason.value, stop.kill_at)
        )
    return replace(stop, asked=stop.asked + len(due))
