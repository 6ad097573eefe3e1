"""Whether the game is ready to take players."""

from . import conditions, durations
from .conditions import Check
from .options import Options
from .state import State

NEVER = float("inf")
PARTLY_SECONDS = 30.0  # some ports are bound, nothing new came for this long


def ready_by(state: State, now: float, options: Options) -> str | None:
    """Return what makes the game ready at *now*, None while nothing does."""
    wanted = conditions.parse(options.ready_when, conditions.READY)
    by = conditions.met_by(wanted, lambda check: _word(check, state, now, options))
    return None if by is None else " and ".join(by)


def waits_for(state: State, now: float, options: Options) -> tuple[str, ...]:
    """Return the conditions that do not hold yet, each with the reason if it is known."""
    wanted = conditions.parse(options.ready_when, conditions.READY)
    open_ones = [
        check for check in conditions.checks(wanted) if _word(check, state, now, options) is None
    ]
    notes = {text: checked.note for text, checked in state.checks.items() if checked.note}
    return tuple(
        f"{check.text} ({notes[check.text]})" if check.text in notes else check.text
        for check in open_ones
    )


def partly_at(state: State) -> float:
    """Return when some bound ports will do, NEVER where none is bound."""
    ports = state.ports
    if not ports.bound or ports.changed_at is None:
        return NEVER
    return ports.changed_at + PARTLY_SECONDS


def next_look(state: State, now: float, options: Options) -> float:
    """Return when time alone makes a condition true."""
    wanted = conditions.parse(options.ready_when, conditions.READY)
    times = [_due(check, state, options) for check in conditions.checks(wanted)]
    return min((at for at in times if at > now), default=NEVER)


def looks_at_ports(options: Options) -> bool:
    """Return whether the declared ports are among what is waited for."""
    wanted = conditions.parse(options.ready_when, conditions.READY)
    return any(check.kind == "auto" for check in conditions.checks(wanted))


def counts_calls(options: Options) -> bool:
    """Return whether the game's own word is among what is waited for."""
    wanted = conditions.parse(options.ready_when, conditions.READY)
    return any(check.kind in {"auto", "api"} for check in conditions.checks(wanted))


def _word(check: Check, state: State, now: float, options: Options) -> str | None:
    """Return by what a check holds, None while it does not."""
    match check.kind:
        case "auto":
            return "api" if state.says_ready else _by_ports(state, now, options)
        case "api":
            return "api" if state.says_ready else None
        case "delay":
            return check.text if now >= _due(check, state, options) else None
        case _:
            checked = state.checks.get(check.text)
            return check.text if checked is not None and checked.holds else None


def _by_ports(state: State, now: float, options: Options) -> str | None:
    """Return the ports that speak for the game where it does not speak for itself.

    Once the game has called us, only its own ready call counts: a port is bound long before
    a map is loaded. With a face on, such a call will come.
    """
    if options.sdk or state.api_spoken:
        return None
    ports = state.ports
    if not ports.declared:
        return f"port {ports.other[0]}" if ports.other else None
    if set(ports.declared) <= set(ports.bound):
        return "ports"
    if now >= partly_at(state):
        missing = ", ".join(sorted(set(ports.declared) - set(ports.bound)))
        return f"ports, less {missing}"
    return None


def _due(check: Check, state: State, options: Options) -> float:
    match check.kind:
        case "auto":
            waits = state.ports.declared and not (options.sdk or state.api_spoken)
            return partly_at(state) if waits else NEVER
        case "delay":
            started_at = state.game.started_at
            return NEVER if started_at is None else started_at + durations.parse(check.about)
        case _:
            return NEVER
