"""Whether a game answers HTTP, in a bounded time, whatever it sends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from agent.game.httpget import trouble


@asynccontextmanager
async def serving(answer: bytes | None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answer each request with these bytes; None = with none at all."""
    requests: list[bytes] = []
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())  # type: ignore[arg-type]
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            with suppress(ConnectionError):
                await reader.read()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], requests
        await asyncio.wait(talks)


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.0 204 No Content\r\n", ""),
        (b"HTTP/1.1 302\r\n", ""),
        (b"HTTP/1.1 503 Loading\r\n\r\n", "status 503"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "status 100"),
        (b"SSH-2.0-x\r\n", "it is no HTTP answer"),
        (b"HTTP/1.1 two\r\n", "it is no HTTP answer"),
        (b"", "it is no HTTP answer"),
        (b"H" * 20_000, "cut off"),
    ],
)
async def test_answer_is_judged_by_its_status(answer: bytes, note: str) -> None:
    async with serving(answer) as (port, requests):
        assert await trouble(port, "/ready?x=1") == note
    assert requests[0].startswith(b"GET /ready?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_server_that_says_nothing_is_given_up_in_time() -> None:
    async with serving(None) as (port, _):
        assert await trouble(port, "/", 0.2) == "no answer within 0.2 s"


async def test_port_that_nobody_listens_on_refuses() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        assert await trouble(one.getsockname()[1], "/") == "refused"
