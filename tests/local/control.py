"""A stand-in for the control API: it takes down what the game tells."""

import asyncio
import json
from types import TracebackType
from typing import Self

from aiohttp import web

Call = tuple[str, str, dict[str, object]]


class Control:
    """A server on the loopback for the length of an ``async with`` block.

    Attributes:
        calls: what came in, less the health pings.
        pings: how many of those there were.
        refusals: statuses for the next calls, one after the other; 0 resets the connection.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.pings = 0
        self.refusals: list[int] = []
        self.url = ""
        self._pulse = asyncio.Condition()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def told(self, method: str, path: str, **body: object) -> None:
        """Wait until the game has told this."""
        async with self._pulse:
            await self._pulse.wait_for(lambda: (method, path, body) in self.calls)

    async def pinged(self, times: int) -> None:
        """Wait until so many health pings came."""
        async with self._pulse:
            await self._pulse.wait_for(lambda: self.pings >= times)

    async def _take(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text() or "{}")
        if request.path == "/v1/health":
            self.pings += 1
        elif self.refusals:
            status = self.refusals.pop(0)
            if status == 0 and request.transport:
                request.transport.abort()
            return web.Response(status=status or 500)
        else:
            self.calls.append((request.method, request.path, body))
        async with self._pulse:
            self._pulse.notify_all()
        return web.json_response({})
