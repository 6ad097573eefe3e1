"""A log store on this machine that takes lines of JSON, and may be slow or fail."""

import asyncio
import json
from types import TracebackType
from typing import Self

from aiohttp import web

from agent import clock

_LARGEST = 64 << 20  # bytes of a request


class Storage:
    """A server for the length of an ``async with`` block.

    Attributes:
        url: what ``AGENT_LOG_SINK`` is to say.
        status: what it answers: 200, or a fault.
        delay: seconds before it answers.
        messages: what it took, by source.
        body: all that it was sent.
        refused: how many requests it failed.
    """

    def __init__(self, status: int = 200, delay: float = 0.0) -> None:
        self.url = ""
        self.status, self.delay = status, delay
        self.messages: dict[str, list[str]] = {}
        self.body = bytearray()
        self.refused = 0
        self._closing = asyncio.Event()
        application = web.Application(client_max_size=_LARGEST)
        application.router.add_post("/logs", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/logs?format=ndjson&compress=none"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.delay:
            await clock.wait(self._closing, self.delay)
        if self.status != web.HTTPOk.status_code:
            self.refused += 1
            return web.Response(status=self.status)
        self.body += body
        for text in body.splitlines():
            record = json.loads(text)
            self.messages.setdefault(record["source"], []).append(record["message"])
        return web.Response()
