"""Whether the port by which the platform sees that the game is ready is to be open."""

from .phases import Phase, Reason
from .snapshot import Status


def is_wanted(status: Status, when_draining: str) -> bool | None:
    """Return whether it is to be open, None where it stays as it is.

    A stop before the deployment is READY is only queued by the platform, so a stop of our own
    opens it. A game that is started again leaves it open: what the platform does when it is
    closed is not known.

    Args:
        status: the state.
        when_draining: ``open``, or ``close`` for one that shuts with the stop.
    """
    stop = status.stop
    if stop is None:
        return True if status.phase in (Phase.READY, Phase.IN_MATCH) else None
    if stop.reason is Reason.PLATFORM_SIGTERM:
        return None
    return when_draining != "close" or status.ready_by is None
