"""When somebody who cannot look into the container is told how it stands."""

from dataclasses import replace

from .effects import Effect, PresentBill, TellStatus
from .events import Event
from .occupancy import use_of
from .options import Options
from .state import State

NEVER = float("inf")


def next_line(state: State, options: Options) -> float:
    """Return when the next status line is due (``AGENT_STATUS_PERIOD``)."""
    if not options.status_period or state.left is not None:
        return NEVER
    return (state.born if state.told_at is None else state.told_at) + options.status_period


def tell(state: State, _: Event, now: float, options: Options) -> tuple[State, tuple[Effect, ...]]:
    """Order the status line that is due; lines that were slept through are not made up for."""
    if now < next_line(state, options):
        return state, ()
    return replace(state, told_at=now), (TellStatus(),)


def count(state: State, _: Event, now: float, __: Options) -> tuple[State, tuple[Effect, ...]]:
    """Let the time from now on count as what the container is used for from now on."""
    word = state.players.believed
    present = word.says_somebody if word.is_known else None
    use = use_of(present, is_running=state.game.is_running)
    occupancy = state.occupancy.turned(use, now, state.born)
    return state if occupancy is state.occupancy else replace(state, occupancy=occupancy), ()


def bill(state: State, now: float) -> PresentBill:
    """Return what the deployment was used for, as its container leaves at *now*.

    It may come twice, the second time under the same boot id with a later end.
    """
    total = state.occupancy.until(now, state.born)
    stop = state.stop
    begun_at = now if stop is None else stop.begun_at
    left_at = total.left_at
    return PresentBill(
        reason="" if stop is None else stop.reason.value,
        seconds_played=total.seconds_played,
        seconds_empty=total.seconds_empty,
        seconds_unknown=total.seconds_unknown,
        leave_to_stop=None if left_at is None else max(0.0, begun_at - left_at),
        stop_to_exit=max(0.0, now - begun_at),
    )
