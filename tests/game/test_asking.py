"""A game is asked to stop at a door of its own; what fails is said."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.core.effects import AskGame
from agent.core.options import Options
from agent.game.asking import Asker
from tests.fakes.rcon_responder import PASSWORD, responding


def asker(password: str = "", **options: object) -> Asker:
    return Asker(Options(**options), password, lambda: 100.0)  # type: ignore[arg-type]


@asynccontextmanager
async def listening(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve a game's URL: it takes a whole request, answers, hangs up."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        heard.append(head + await reader.readexactly(length))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/stop?now=1", heard
    finally:
        server.close()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 204 No Content\r\n\r\n", b""])
async def test_game_is_called_with_the_reason(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(answer) as (url, heard):
        await asker(stop_url=url).ask(AskGame("http", "everybody_left", 130.0))
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /stop?now=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert json.loads(body) == {"reason": "everybody_left", "seconds_left": 30.0}
    assert not caplog.records


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 Not Found\r\n\r\n", b"SSH-2.0\r\n", b"\xff\n"])
async def test_answer_that_is_no_yes_is_said(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(answer) as (url, _):
        await asker(stop_url=url).ask(AskGame("http", "requested", 130.0))
    assert "cannot ask the game to stop by http: it answered" in caplog.text


async def test_closed_door_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    await asker(stop_url=f"http://127.0.0.1:{port}").ask(AskGame("http", "requested", 130.0))
    assert "cannot ask the game to stop by http" in caplog.text


async def test_way_without_its_address_is_said(caplog: pytest.LogCaptureFixture) -> None:
    await asker().ask(AskGame("http", "requested", 130.0))
    await asker().ask(AskGame("rcon", "requested", 130.0))
    assert "by http: AGENT_STOP_URL is not set" in caplog.text
    assert "by rcon: AGENT_RCON_PORT is not set" in caplog.text


async def test_rcon_sends_the_stop_text() -> None:
    async with responding() as game:
        it = asker(PASSWORD, rcon_port=game.port, stop_text="quit")
        await it.ask(AskGame("rcon", "requested", 130.0))
        assert game.commands == ["quit"]


async def test_game_that_does_not_answer_is_left_at_its_deadline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with responding("silent") as game:
        await asker(PASSWORD, rcon_port=game.port).ask(AskGame("rcon", "requested", 100.1))
    assert "by rcon: no answer in time" in caplog.text
    assert PASSWORD not in caplog.text
