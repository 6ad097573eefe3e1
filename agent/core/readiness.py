"""Whether the game is ready to take players."""

from .options import Options
from .state import State

NEVER = float("inf")
PARTLY_SECONDS = 30.0  # some ports are bound, nothing new came for this long


def ready_by(state: State, now: float, options: Options) -> str | None:
    """Return what makes the game ready at *now*, None while nothing does.

    Once the game has called us, only its own ready call counts: a port is bound long before
    a map is loaded. With a face on, such a call will come.
    """
    if options.ready_when == "api" or options.sdk or state.api_spoken:
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


def partly_at(state: State) -> float:
    """Return when some bound ports will do, NEVER where none is bound."""
    ports = state.ports
    if not ports.bound or ports.changed_at is None:
        return NEVER
    return ports.changed_at + PARTLY_SECONDS


def next_look(state: State, options: Options) -> float:
    """Return when time alone makes the game ready."""
    waits = not (options.ready_when == "api" or options.sdk or state.api_spoken)
    return partly_at(state) if waits and state.ports.declared else NEVER
