"""What became of the logs, told to whoever asks."""

import logging
from collections.abc import Iterable, Mapping

from ..core.snapshot import SinkStatus
from .courier import Courier
from .volume import Volume

LOG = logging.getLogger("agent.logs")


def standing(courier: Courier, volume: Volume, ends: Mapping[str, int]) -> SinkStatus:
    """Return what a sink has of a spool, what it lacks.

    Args:
        courier: the sink's.
        volume: the spool.
        ends: how far each source has come.
    """
    known = volume.checkpoint.of(courier.name)
    left, dropped = volume.owed(courier.name, ends)
    return SinkStatus(
        name=courier.name,
        delivered_bytes=known.size,
        objects=known.objects,
        left_bytes=left,
        dropped_bytes=dropped,
        attempts=courier.counts.attempts,
        failures=courier.counts.failures,
        rejected=courier.counts.rejected,
        trouble=courier.trouble,
        counters=courier.counters(),
    )


def say(sinks: Iterable[SinkStatus], folder: str) -> None:
    """Write the line that says what was shipped, one for each sink."""
    for sink in sinks:
        LOG.info(
            "logs: shipped %d bytes in %d objects to %s, left %d, dropped %d in %s",
            *(sink.delivered_bytes, sink.objects, sink.name),
            *(sink.left_bytes, sink.dropped_bytes, folder),
        )
