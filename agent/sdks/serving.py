"""HTTP on sockets that PID 1 bound for a face."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from ..link import Listener

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

BODY_BYTES = 256 * 1024
_BACKLOG = 1024
CONNECTIONS = 256
_LOCAL = ("localhost", "127.0.0.1", "[::1]", "::1")
_LEAVE_SECONDS = 0.2


async def serve(handler: Handler, doors: Sequence[Listener]) -> None:
    """Answer by *handler* until cancelled; answers that are under way may still go out."""
    server = _Server(handler, access_log=None, handler_cancellation=True)
    runner = web.ServerRunner(server, shutdown_timeout=_LEAVE_SECONDS)
    await runner.setup()
    try:
        for door in doors:
            site = web.SockSite(runner, socket.socket(fileno=door.fd), backlog=_BACKLOG)
            await site.start()
        await asyncio.get_running_loop().create_future()
    finally:
        await runner.cleanup()


def is_foreign(request: web.BaseRequest) -> bool:
    """Return whether a web page or another name for our address is behind the call."""
    host = request.headers.get("Host", "localhost")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name.lower() not in _LOCAL or "Origin" in request.headers


async def body(request: web.BaseRequest) -> bytes | None:
    """Return the whole body, None where it is larger than anybody needs."""
    whole = bytearray()
    async for chunk in request.content.iter_any():
        whole += chunk
        if len(whole) > BODY_BYTES:
            return None
    return bytes(whole)


class _Server(web.Server):
    """Makes a protocol for each connection."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    """One connection; turned away where descriptors are to be left for the rest."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._manager is not None and len(self._manager.connections) >= CONNECTIONS:
            transport.close()
        else:
            super().connection_made(transport)
