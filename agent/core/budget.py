"""One grace period, shared out by one absolute deadline.

PID 1 imports this before it spawns the game: no imports here.
Everything is seconds; a grace counts from the moment that fixed it.
"""


def end_at(begun_at: float, grace: float) -> float:
    """Return when we must be gone: a margin before the platform's SIGKILL."""
    return begun_at + grace - min(max(0.25, 0.05 * grace), grace)


def reserve(grace: float) -> float:
    """Return what is kept, between the game's SIGKILL and our end, for the last lines."""
    if grace < 4.0:  # noqa: PLR2004 - the rule's own figure, see design "Deadlines"
        return 0.3 * grace
    return min(max(1.0, 0.2 * grace), 10.0)


def kill_at(begun_at: float, grace: float) -> float:
    """Return when the game must be killed: the end less the reserve, never in the past."""
    return max(begun_at, end_at(begun_at, grace) - reserve(grace))


def drain_seconds(stop_timeout: float, drain: float) -> float:
    """Return how long a stop of our own may wait for players to leave by themselves."""
    return max(0.0, min(drain, stop_timeout / 4))


def shrink(caps: tuple[float, ...], room: float) -> tuple[float, ...]:
    """Return the caps of a stop list, in proportion, so that together they fit into *room*."""
    whole = sum(caps)
    if whole <= room:
        return caps
    factor = max(0.0, room) / whole
    return tuple(cap * factor for cap in caps)
