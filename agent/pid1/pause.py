"""Sleep until one of a few descriptors is ready, or until a deadline."""

import select

from . import boottime

NEVER = float("inf")
_LONGEST_MS = 1 << 30  # poll(2) takes an int


def pause(fds: dict[int, int], until: float) -> dict[int, int]:
    """Return the descriptors that are ready with their events; none = the deadline has come.

    Args:
        fds: descriptor → poll events.
        until: boot-time seconds, infinity for no deadline.
    """
    poller = select.poll()
    for fd, events in fds.items():
        poller.register(fd, events)
    if until == NEVER:
        return dict(poller.poll())
    left = max(0.0, until - boottime.now())
    # Rounded up: to wake early would be to wake twice.
    return dict(poller.poll(min(_LONGEST_MS, int(left * 1000) + (left > 0))))
