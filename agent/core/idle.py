"""The timers that may end a deployment: what each is doing, when it is due, why."""

from dataclasses import dataclass

from .ailing import illness
from .effects import Say
from .health import silent_at
from .options import Options
from .phases import Health, Mode, Phase, Reason
from .playerwords import headcount, unknown
from .state import State

NEVER = float("inf")
JITTER_SHARE = 0.1  # of the limit, so that a fleet does not end in one second
JITTER_MOST = 30.0  # seconds

_OPEN = (Phase.READY, Phase.IN_MATCH)


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer.

    Attributes:
        since: what it counts from; None where it does not run.
        limit: seconds, its jitter included.
        due: when it ends the deployment; NEVER where it does not run.
        why: what it is doing, for people.
    """

    reason: Reason
    since: float | None
    limit: float
    due: float
    why: str


def timers(state: State, now: float, options: Options) -> tuple[Timer, ...]:
    """Return all timers as they stand, the running and the idle ones."""
    return (
        _start_timeout(state, options),
        _nobody_joined(state, now, options),
        _everybody_left(state, now, options),
        _max_duration(state, options),
        _unhealthy(state, now, options),
    )


def in_words(timer: Timer, now: float) -> str:
    """Return what a timer is doing, and why: "everybody_left: 41 s of 2m, 0 players by a2s"."""
    if timer.since is None:
        return f"{timer.reason.value}: {timer.why}"
    elapsed = max(0, int(now - timer.since))
    return f"{timer.reason.value}: {elapsed} s of {round(timer.limit)} s, {timer.why}"


def news(before: State, after: State, now: float, options: Options) -> tuple[Say, ...]:
    """Return a line for each idle timer that has begun to run, or has come to rest."""
    is_same = before.players is after.players and before.phase is after.phase
    if is_same or after.stop is not None:
        return ()
    said = []
    for each in (_nobody_joined, _everybody_left):
        was, timer = (each(state, now, options) for state in (before, after))
        if (was.since is None) != (timer.since is None):
            said.append(Say("info", in_words(timer, now)))
    return tuple(said)


def is_enforced(reason: Reason, state: State, options: Options) -> bool:
    """Return whether a stop for this reason is carried out rather than only noted.

    Outside Edgegap nobody is billed: what we merely conclude is noted there, unless
    ``AGENT_MODE=enforce`` was set.
    """
    if options.mode is Mode.OBSERVE:
        return False
    concluded = reason not in (Reason.MATCH_ENDED, Reason.REQUESTED)
    gone = reason in (Reason.GAME_EXITED, Reason.GAME_CRASHED)
    return state.on_edgegap or options.mode_given or gone or not concluded


def jittered(limit: float, luck: float) -> float:
    """Return the limit with its share of jitter; *luck* is 0..1, fixed for a boot."""
    return limit + min(JITTER_SHARE * limit, JITTER_MOST) * luck


def _start_timeout(state: State, options: Options) -> Timer:
    limit = jittered(options.start_timeout, state.luck)
    since = None
    if not options.start_timeout:
        why = "off"
    elif state.phase is not Phase.STARTING:
        why = "the game is past its start"
    elif _shows_life(state, options):
        why = "off: the game has shown life"
    elif not state.game.is_running:
        why = "no game is running"
    else:
        since, why = state.game.started_at, _lifeless(options)
    return _timer(Reason.START_TIMEOUT, since, limit, why)


def _lifeless(options: Options) -> str:
    if options.ready_when != "auto":
        return "AGENT_READY_WHEN does not hold, no call, no player yet"
    return "no declared port bound, no call, no player yet"


def _shows_life(state: State, options: Options) -> bool:
    """Return whether the game is worth waiting for; one that has a face to call has to call."""
    is_bound = state.ports.changed_at is not None and not options.sdk
    if options.ready_when != "auto":
        is_bound = False  # what ready means was said, and a bound port is not all of it
    return is_bound or state.api_spoken or state.players.ever


def _nobody_joined(state: State, now: float, options: Options) -> Timer:
    limit = jittered(options.nobody_joined, state.luck)
    since = None
    if not options.nobody_joined:
        why = "off"
    elif state.phase not in _OPEN:
        why = f"counts from game ready; the phase is {state.phase.value}"
    elif state.players.ever:
        why = "off, somebody has joined"
    elif not state.players.believed.is_known:
        why = unknown(state.players)
    else:
        # Unknown is not empty: the time before anybody counted does not count.
        since = max(state.ready_at or 0.0, state.players.empty_since or 0.0)
        why = headcount(state.players)
    return _held(_timer(Reason.NOBODY_JOINED, since, limit, why), state, now)


def _everybody_left(state: State, now: float, options: Options) -> Timer:
    limit = jittered(options.everybody_left, state.luck)
    since = None
    if not options.everybody_left:
        why = "off"
    elif not state.players.ever:
        why = "off, nobody was here yet"
    elif state.players.present:
        why = f"off, {headcount(state.players)}"
    elif not state.players.believed.is_known:
        why = unknown(state.players)
    elif state.phase not in _OPEN:
        why = f"counts once the game is ready; the phase is {state.phase.value}"
    else:
        since, why = state.players.empty_since, headcount(state.players)
    return _held(_timer(Reason.EVERYBODY_LEFT, since, limit, why), state, now)


def _max_duration(state: State, options: Options) -> Timer:
    limit = jittered(options.max_duration, state.luck)
    since = state.born if options.max_duration else None
    why = "the container has run" if options.max_duration else "off"
    return _timer(Reason.MAX_DURATION, since, limit, why)


def _unhealthy(state: State, now: float, options: Options) -> Timer:
    limit = options.health_timeout
    due = silent_at(state.pulse, state.ready_at, options)
    game = state.game
    if not game.is_running or game.killed or game.hung_at is not None:
        return _timer(Reason.GAME_UNHEALTHY, None, limit, "no game is running")
    if state.pulse.said is Health.UNHEALTHY:
        return _timer(
            Reason.GAME_UNHEALTHY, state.pulse.since, 0.0, "the game says that it is unhealthy"
        )
    if ill := illness(state, options):
        return _timer(Reason.GAME_UNHEALTHY, ill.since, 0.0, ill.why)
    if due == NEVER:
        why = "armed by the first health ping"
        if options.health_when:
            why = "AGENT_HEALTH_WHEN holds, as far as is known"
        return _timer(Reason.GAME_UNHEALTHY, None, limit, why)
    why = "no health ping" if now >= due else "waits for the next health ping"
    return Timer(Reason.GAME_UNHEALTHY, due - limit, limit, due, why)


def _timer(reason: Reason, since: float | None, limit: float, why: str) -> Timer:
    due = NEVER if since is None else since + limit
    return Timer(reason, since, limit, due, why)


def _held(timer: Timer, state: State, now: float) -> Timer:
    """Let a hold that is on put the timer off to its own end."""
    hold = state.hold
    if timer.since is None or hold is None or now >= hold.until or timer.due >= hold.until:
        return timer
    why = f"{timer.why}; on hold{f' for {hold.why}' if hold.why else ''}"
    return Timer(timer.reason, timer.since, timer.limit, hold.until, why)
