"""The self-stop: what is owed to the platform after a stop of our own."""

from dataclasses import replace

from .effects import Effect, Leave, Say, SendSelfStop
from .options import Options
from .phases import Report
from .state import Owed, State
from .verdicts import REPEAT_SECONDS, SLOW_REPEAT_SECONDS

NEVER = float("inf")

_ANSWERED = (Report.ACCEPTED, Report.GONE, Report.REJECTED)


def settle(state: State, now: float, options: Options) -> tuple[State, tuple[Effect, ...]]:
    """Take the next step with the platform that is due at *now*; the game is gone."""
    owed = state.owed
    if now >= _patience(owed, options):
        why = "the platform sent no SIGTERM within AGENT_STOP_WAIT"
        return state, (Leave(0, why),)
    if owed.asked:
        return state, ()
    if owed.report is Report.NOT_OWED:
        return _send(replace(state, owed=replace(owed, report=Report.OWED)))
    if owed.repeat_at is None:  # the answer is new
        return _await(state, now, options)
    return _send(state) if now >= owed.repeat_at else (state, ())


def next_step(state: State, options: Options) -> float:
    """Return when the platform must be told again, or is waited for no longer."""
    owed = state.owed
    repeat_at = NEVER if owed.asked or owed.repeat_at is None else owed.repeat_at
    return min(repeat_at, _patience(owed, options))


def _send(state: State) -> tuple[State, tuple[Effect, ...]]:
    owed = replace(state.owed, asked=True, repeat_at=None)
    reason = state.stop.reason.value if state.stop else ""
    return replace(state, owed=owed), (SendSelfStop(reason),)


def _await(state: State, now: float, options: Options) -> tuple[State, tuple[Effect, ...]]:
    """Set the time of the next reminder after an answer of the platform; tell news once."""
    end = state.owed.since + options.stop_wait
    is_late = now >= end
    at = now + SLOW_REPEAT_SECONDS if is_late else min(now + REPEAT_SECONDS, end)
    state = replace(state, owed=replace(state.owed, repeat_at=at))
    news = f"{state.owed.report.value}{', late' if is_late else ''}"
    if news in state.warned:
        return state, ()
    return replace(state, warned=(*state.warned, news)), (_line(state.owed, is_late=is_late),)


def _patience(owed: Owed, options: Options) -> float:
    """Return when an answered self-stop is waited on no longer (``AGENT_AFTER_STOP_WAIT``)."""
    ends = options.after_stop_wait == "exit" and owed.report in _ANSWERED
    return owed.since + options.stop_wait if ends else NEVER


def _line(owed: Owed, *, is_late: bool) -> Say:
    if owed.report is Report.REJECTED:
        return Say(
            "error",
            f"the platform refuses the self-stop ({owed.detail}): this deployment "
            "still runs and is billed; end it in the dashboard or through the API",
        )
    if is_late:
        return Say("error", "the platform accepted the self-stop but sends no SIGTERM; asking on")
    gone = owed.report is Report.GONE
    answer = "the deployment is already ended" if gone else "the self-stop is accepted"
    return Say("info", f"{answer} ({owed.detail}); awaiting SIGTERM, the game stays down")
