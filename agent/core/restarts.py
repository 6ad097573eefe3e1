"""Whether a game that left is started again, how long that waits."""

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0
WINDOW_SECONDS = 600.0
MOST_RESTARTS = 5  # within the window; one more is a loop that nobody wants to pay for


def delay(restarts: tuple[float, ...], now: float) -> float:
    """Return the back-off before the next start: 1 s, doubled with each recent one."""
    doubled: float = FIRST_SECONDS * 2 ** len(_recent(restarts, now))
    return min(MOST_SECONDS, doubled)


def is_hopeless(restarts: tuple[float, ...], now: float) -> bool:
    """Return whether it was started again too often within the window."""
    return len(_recent(restarts, now)) >= MOST_RESTARTS


def noted(restarts: tuple[float, ...], now: float) -> tuple[float, ...]:
    """Return the list with this restart in it, older ones dropped."""
    return (*_recent(restarts, now), now)


def _recent(restarts: tuple[float, ...], now: float) -> tuple[float, ...]:
    return tuple(at for at in restarts if at > now - WINDOW_SECONDS)
