"""What is decided once a fact is known, concern by concern."""

from collections.abc import Callable
from dataclasses import replace

from . import events as e
from . import (
    exits,
    hanging,
    idle,
    inquest,
    parting,
    passing,
    reporting,
    restarts,
    stopping,
    telling,
)
from .durations import render
from .effects import Effect, Leave, RestartGame, Say
from .options import Options
from .phases import Phase, Policy, Reason
from .players import assumed_empty, forgotten, stale_at
from .playerwords import headcount, unknown
from .readiness import counts_calls, ready_by
from .state import State, move, renew

Decided = tuple[State, tuple[Effect, ...]]
Decision = Callable[[State, e.Event, float, Options], Decided]

_OPEN = (Phase.STARTING, Phase.READY, Phase.IN_MATCH)


def obey(state: State, event: e.Event, now: float, options: Options) -> Decided:
    """Begin the stop that somebody asked for: the platform, a caller, the match's end."""
    if state.term_at is not None:
        why = "the platform sent SIGTERM" if state.on_edgegap else "the container is told to stop"
        return stopping.begin(state, Reason.PLATFORM_SIGTERM, why, now, options), ()
    match event:
        case e.StopRequested(why=why, by=by):
            return _requested(state, why or "a caller asked", by, now, options)
        case e.MatchEnded(id=id_):
            return _match_ended(state, id_, now, options)
        case _:
            return state, ()


def open_up(state: State, event: e.Event, now: float, options: Options) -> Decided:
    """Follow the game from its start to ready, from ready into a match, back."""
    if state.phase is Phase.STARTING and state.game.is_running:
        by = _opened_by(state, now, options)
        if by is not None:
            state = move(state, Phase.READY, now)
            state = replace(state, ready_at=now, ready_by=by, why=f"ready by {by}")
    if state.phase is Phase.READY and _tells_of_each(options):
        state = replace(state, players=assumed_empty(state.players, options.players, now))
    is_played = state.players.present and not state.tells_matches
    if state.phase is Phase.READY and (state.match or is_played):
        why = "a match began" if state.match else "players are there"
        state = replace(move(state, Phase.IN_MATCH, now), why=why)
    elif state.phase is Phase.IN_MATCH and not state.match and _is_over(state):
        why = "the match ended" if state.tells_matches else "everybody left"
        state = replace(move(state, Phase.READY, now), why=why)
    return state, _said_of_the_start(state, event, options)


def _said_of_the_start(state: State, event: e.Event, options: Options) -> tuple[Effect, ...]:
    """Return what an operator would wonder about while the game is not ready."""
    if isinstance(event, e.PortsChecked) and event.taken:
        return tuple(Say("warning", line) for line in event.taken)
    is_unheard = isinstance(event, e.ReadyReported) and state.phase is Phase.STARTING
    if is_unheard and not counts_calls(options):
        return (Say("info", "the game says that it is ready; AGENT_READY_WHEN has no `api`"),)
    return ()


def outlive_game(state: State, event: e.Event, now: float, options: Options) -> Decided:
    """Decide what follows when the game is gone without having been asked to go."""
    game, raw = state.game, state.game.exit
    if state.stop is not None or raw is None:
        return state, ()
    if game.restart_at is not None:
        return _start_again(state, game.restart_at, now)
    crashed = exits.is_crash(raw)
    policy = options.on_game_crash if crashed else options.on_game_exit
    why = f"the game left: {exits.words(raw)}"
    if isinstance(event, e.GameNotStarted):
        why = f"the game did not start again: {event.why}"
    if game.killed or game.hung_at is not None:  # for ill health, see below: there is no stop
        policy, why = Policy.RESTART, "the unhealthy game is gone"
    if policy is Policy.RESTART and not restarts.is_hopeless(game.restarts, now):
        wait = restarts.delay(game.restarts, now)
        why = f"{why}; starting it again in {wait:g} s"
        history = restarts.noted(game.restarts, now)
        game = replace(game, restart_at=now + wait, restarts=history)
        return renew(state, game, now, why), (Say("warning", why),)
    if policy is Policy.RESTART:
        why = f"{why}; it was started again too often"
    reason = Reason.GAME_CRASHED if crashed else Reason.GAME_EXITED
    return _game_is_over(state, reason, why, now, options, policy)


def forget_stale(state: State, _: e.Event, now: float, options: Options) -> Decided:
    """Believe no longer in players whom no packet has come from for too long."""
    if now < stale_at(state.players, options.stale_players):
        return state, ()
    text = (
        f"stale: {headcount(state.players)}, but no traffic for"
        f" {render(options.stale_players)}; nobody is there until they are told of again"
    )
    return replace(state, players=forgotten(state.players, now)), (Say("warning", text),)


def mind_time(state: State, _: e.Event, now: float, options: Options) -> Decided:
    """Carry out, or only note, the timers that are due."""
    effects: list[Effect] = []
    for timer in idle.timers(state, now, options):
        if state.phase in _OPEN and now >= timer.due and not is_noted(timer, state):
            state, ordered = _time_is_up(state, timer, now, options)
            effects += ordered
    state, warnings = _warn(state, now, options)
    return state, (*effects, *warnings)


def wind_up(state: State, event: e.Event, now: float, options: Options) -> Decided:
    """Take the stop on, to the self-stop, to our own exit."""
    state = stopping.shorten(state, now, options)
    state, effects = stopping.advance(state, now)
    stop = state.stop
    if stop is None or not stopping.is_over(state, now):
        return state, effects
    state = move(state, Phase.STOPPED, now)
    if stop.ours and state.on_edgegap and state.term_at is None:
        state, more = reporting.settle(state, now, options)
    elif now < stopping.last_call_at(state, options):
        return state, (*effects, *stopping.last_call(state, event, options))
    else:
        more = (Leave(parting.exit_status(state, stop), state.why),)
    leave = next((effect for effect in more if isinstance(effect, Leave)), None)
    if leave is not None:
        state, more = parting.part(state, leave, now, options)
    return state, (*effects, *more)


def is_noted(timer: idle.Timer, state: State) -> bool:
    """Return whether this run of the timer was already found not to be enforced."""
    return timer.since is not None and state.noted.get(timer.reason.value) == timer.since


def warnings_at(state: State, options: Options) -> float:
    """Return when the next one-time warning is due."""
    return min(
        (at for at, name, _ in _warnings(state, options) if name not in state.warned),
        default=idle.NEVER,
    )


def _opened_by(state: State, now: float, options: Options) -> str | None:
    """Return what shows that the game is ready: what was asked for, or that it is in use."""
    by = ready_by(state, now, options)
    if by is not None:
        return by
    if state.match is not None:
        return "match"
    return "players" if state.players.present else None


def _tells_of_each(options: Options) -> bool:
    """Return whether the one chosen source is silent only while nobody comes."""
    return options.players == "api" or (options.players == "log" and bool(options.players_log))


def _is_over(state: State) -> bool:
    """Return whether nobody plays any more; players who are unknown may still be there."""
    return state.tells_matches or state.players.believed.says_nobody


def _requested(state: State, why: str, by: str, now: float, options: Options) -> Decided:
    if state.stop is not None:
        return state, ()
    if by == "self_stop" or idle.is_enforced(Reason.REQUESTED, state, options):
        return stopping.begin(state, Reason.REQUESTED, why, now, options), ()
    return _note(state, Reason.REQUESTED, why)


def _match_ended(state: State, id_: str, now: float, options: Options) -> Decided:
    if state.phase not in _OPEN or _is_said_twice(state, id_):
        return state, ()
    ended = id_ or (state.match.id if state.match else "")
    state = replace(state, match=None, last_match=ended)
    if options.on_match_end == "ready":
        return state, ()
    why = f"match {ended} ended" if ended else "the match ended"
    if idle.is_enforced(Reason.MATCH_ENDED, state, options):
        return stopping.begin(state, Reason.MATCH_ENDED, why, now, options), ()
    return _note(state, Reason.MATCH_ENDED, why)


def _is_said_twice(state: State, id_: str) -> bool:
    """Return whether that end is known: a caller whose answer was lost says it again."""
    if state.match is None:
        return state.last_match is not None and id_ in {"", state.last_match}
    return id_ != state.match.id and id_ == state.last_match and id_ != ""


def _time_is_up(state: State, timer: idle.Timer, now: float, options: Options) -> Decided:
    why = f"{timer.why} for {render(round(timer.limit))}" if timer.limit else timer.why
    if not idle.is_enforced(timer.reason, state, options):
        return _note(state, timer.reason, why, timer.since)
    policy = options.on_unhealthy if timer.reason is Reason.GAME_UNHEALTHY else Policy.STOP
    looked: tuple[Effect, ...] = ()
    if timer.reason is Reason.GAME_UNHEALTHY:
        state, looked = hanging.suspect(state, why, now)
    if policy is Policy.RESTART and not restarts.is_hopeless(state.game.restarts, now):
        state, ordered = hanging.put_down(state, why, options)
        return state, (*looked, *ordered)
    ours = policy is not Policy.EXIT
    return stopping.begin(state, timer.reason, why, now, options, ours=ours), looked


def _note(state: State, reason: Reason, why: str, since: float | None = None) -> Decided:
    """Count a stop that is not carried out, say so.

    A timer's is said once each time that it runs, a caller's once: it may call without end.
    """
    is_news = since is not None or reason.value not in state.would_stop
    counts = {**state.would_stop, reason.value: state.would_stop.get(reason.value, 0) + 1}
    noted = state.noted if since is None else {**state.noted, reason.value: since}
    text = f"would stop: {reason.value} ({why})"
    said = (Say("warning", text),) if is_news else ()
    return replace(state, would_stop=counts, noted=noted), said


def _start_again(state: State, at: float, now: float) -> Decided:
    """Order the start; it stays due until PID 1 tells of it, as the order may be lost."""
    if now < at:
        return state, ()
    game = replace(state.game, exit=None, killed=False)
    return replace(state, game=game), (RestartGame(),)


def _game_is_over(
    state: State, reason: Reason, why: str, now: float, options: Options, policy: Policy
) -> Decided:
    """End the deployment, or only the container where nobody wants more than that."""
    ours = policy is not Policy.EXIT
    noted: tuple[Effect, ...] = ()
    if ours and not idle.is_enforced(reason, state, options):
        ours = False
        state, noted = _note(state, reason, why)
    level = "warning" if reason is Reason.GAME_CRASHED else "info"
    return stopping.begin(state, reason, why, now, options, ours=ours), (Say(level, why), *noted)


def _warnings(state: State, options: Options) -> tuple[tuple[float, str, Say], ...]:
    """Return what is said once: when, under which name, in which words."""
    if state.phase not in _OPEN:
        return ()
    left = options.max_duration_warning
    due = idle.jittered(options.max_duration, state.luck) + state.born - left
    lines = []
    if options.max_duration:
        text = f"max_duration: {left:g} s are left"
        lines.append((due, Reason.MAX_DURATION.value, Say("warning", text)))
    is_unknown = not (state.players.believed.is_known or state.players.ever)
    if state.ready_at is not None and is_unknown and options.nobody_joined:
        text = f"nobody_joined: {unknown(state.players)}"
        at = state.ready_at + options.nobody_joined
        lines.append((at, "players", Say("warning", text)))
    return tuple(lines)


def _warn(state: State, now: float, options: Options) -> Decided:
    said: list[Effect] = []
    for at, name, line in _warnings(state, options):
        if now >= at and name not in state.warned:
            state = replace(state, warned=(*state.warned, name))
            said.append(line)
    return state, tuple(said)


DECISIONS: tuple[Decision, ...] = (
    inquest.account,
    obey,
    passing.move_on,
    forget_stale,
    open_up,
    outlive_game,
    mind_time,
    hanging.finish,
    telling.count,
    wind_up,
    telling.tell,
)
