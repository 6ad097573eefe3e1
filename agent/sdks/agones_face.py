"""Agones' SDK server: both protocols over one translator."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

from .. import clock
from ..link import Listener
from . import serving
from .agones import Agones
from .agones_rest import Rest
from .gameserver import Shape
from .known import Known

LOG = logging.getLogger("agent.agones")


class AgonesFace:
    """What an Agones SDK takes for its sidecar."""

    def __init__(self, known: Known) -> None:
        created = datetime.now(UTC) - timedelta(seconds=clock.now() - known.born)
        shape = Shape(known.deployment, known.match, known.options, created)
        self._doors = known.doors
        self._game = Agones(known.desk, shape, known.options)

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as both:
            rest = Rest(self._game)
            both.create_task(serving.serve(rest.answer, self._doors.get("agones", ())))
            if doors := self._doors.get("agones_grpc", ()):
                both.create_task(self._serve_grpc(doors))

    async def _serve_grpc(self, doors: Sequence[Listener]) -> None:
        """Serve gRPC, which is loaded once somebody calls: it costs some 10 MiB."""
        if find_spec("grpclib") is None:
            LOG.warning(
                "the Agones face speaks REST alone: grpclib is missing; install "
                "arbitrium-agent[grpc], or use an SDK that speaks REST"
            )
            for door in doors:  # refused at once instead of left waiting
                with socket.socket(fileno=door.fd) as unused:
                    unused.shutdown(socket.SHUT_RDWR)
            return
        await _called(doors)
        from .agones_grpc import Grpc

        await Grpc(self._game).run(doors)


async def _called(doors: Sequence[Listener]) -> None:
    """Wait for the first connection, which is left in the backlog."""
    loop, call = asyncio.get_running_loop(), asyncio.Event()
    for door in doors:
        loop.add_reader(door.fd, call.set)
    try:
        await call.wait()
    finally:
        for door in doors:
            loop.remove_reader(door.fd)
