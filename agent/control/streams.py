"""The stream of states."""

import asyncio
import logging

import msgspec
from aiohttp import web

from ..core.snapshot import Status
from ..interfaces import Desk
from .limits import Limits
from .problems import RefusedError

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"

LOG = logging.getLogger("agent.control")


class Streams:
    """Every open stream.

    A reader gets the newest state when it has taken the one before, so nothing piles up for
    one that is slow; one that takes nothing at all is dropped.
    """

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits
        self._open = 0

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Tell the state: now, at each change, at least each beat; until the caller leaves.

        Raises:
            RefusedError: too many streams are open.
        """
        kind = SSE if SSE in request.headers.get("Accept", "") else NDJSON
        response = web.StreamResponse(headers={"Content-Type": kind, "Cache-Control": "no-store"})
        if request.method == "HEAD":
            return response
        if self._open >= self._limits.streams:
            raise RefusedError(
                503,
                f"cannot open a stream: {self._open} are open",
                fix="read one stream, or poll GET /v1/status?after=<revision>&wait=20",
                headers={"Retry-After": "10"},
            )
        self._open += 1
        try:
            await response.prepare(request)
            await self._tell(response, kind)
        except TimeoutError:
            LOG.warning("dropped a reader of /v1/events that does not read")
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._open -= 1
        return response

    async def _tell(self, response: web.StreamResponse, kind: str) -> None:
        status = self._desk.status()
        while True:
            async with asyncio.timeout(self._limits.write_seconds):
                await response.write(_render(status, kind))
            status = await self._desk.changed(status.revision, self._limits.beat_seconds)


def _render(status: Status, kind: str) -> bytes:
    text = msgspec.json.encode(status)
    return b"id: %d\ndata: %s\n\n" % (status.revision, text) if kind == SSE else text + b"\n"
