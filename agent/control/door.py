"""The connections of the control API, as many as are allowed."""

import asyncio
from collections.abc import Awaitable, Callable
from resource import RLIMIT_NOFILE, getrlimit

from aiohttp import web

from ..errors import RequestError
from . import limits, problems

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_OTHER_FDS = 128  # descriptors that the rest of the agent may need


class Door(web.Server):
    """Makes a protocol for each connection; a caller past the limit is told so."""

    def __init__(self, handler: Handler, most: int) -> None:
        """Serve *most* connections at the same time, fewer where descriptors are scarce."""
        super().__init__(
            handler,
            # A stream, a long poll end with their caller.
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=limits.IDLE_SECONDS,
            lingering_time=limits.LINGER_SECONDS,
            max_line_size=limits.LINE_BYTES,
            max_field_size=limits.LINE_BYTES,
            max_headers=limits.HEADERS,
        )
        self._most = min(most, max(1, getrlimit(RLIMIT_NOFILE)[0] - _OTHER_FDS))

    @property
    def is_full(self) -> bool:
        """Return whether one more would be too many."""
        return len(self._connections) >= self._most

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    """One connection, whose failures are problems too."""

    __slots__ = ("_door",)

    def __init__(self, door: Door, *, loop: asyncio.AbstractEventLoop, **settings: object) -> None:
        super().__init__(door, loop=loop, **settings)  # type: ignore[arg-type]
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._door.is_full:
            _turn_away(transport)
        else:
            super().connection_made(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that is no HTTP, or one that we failed at."""
        is_ours = status >= web.HTTPInternalServerError.status_code
        is_gone = isinstance(exc, ConnectionError)
        if is_ours and not is_gone:
            self.log_exception("a request failed", exc_info=exc)
        if is_gone or request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, it can only be cut")
        if is_ours:
            error = RequestError("cannot answer: that is our bug, see the log")
        else:
            first, *_ = (message or "it is no HTTP").splitlines()
            error = RequestError(
                f"cannot read the request: {problems.quoted(first)}",
                fix="send HTTP/1.1 with a Host header, "
                f"lines of {limits.LINE_BYTES} bytes, {limits.HEADERS} headers at most",
            )
        response = problems.response(status, error)
        response.force_close()
        return response


def _turn_away(transport: asyncio.BaseTransport) -> None:
    """Write the refusal by hand: nothing that costs memory has been made for this caller."""
    assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio types it too widely
    response = problems.response(
        503,
        RequestError(
            "cannot take the connection: too many are open",
            fix="keep one open and use it again, close those that are not used",
        ),
    )
    body = response.body
    assert isinstance(body, bytes)  # noqa: S101 - as we made it
    head = (
        "HTTP/1.1 503 Service Unavailable\r\n"
        f"Content-Type: {problems.CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
        "Retry-After: 1\r\nConnection: close\r\n\r\n"
    )
    transport.write(head.encode() + body)
    transport.close()
