"""The ready port is opened with the game, taken care of in a bounded way, explained."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent import clock
from agent.core import events as e
from agent.core.options import Options
from agent.core.snapshot import Status
from agent.edgegap import readyport
from agent.edgegap.ports import Port, Protocol
from agent.edgegap.readyport import ReadyPort, advice

from ..core.life import GAME, READY, Life


class Desk:
    """A life that facts are handed in to."""

    def __init__(self) -> None:
        self.life = Life(Options(start_timeout=0.0, max_duration=0.0))
        self._news = asyncio.Event()
        self.post(GAME)

    def status(self) -> Status:
        return self.life.status

    def post(self, event: e.Event) -> Status:
        self.life.at(clock.now(), event)
        news, self._news = self._news, asyncio.Event()
        news.set()
        return self.life.status

    async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ASYNC109 - as asked for
        assert timeout is None
        while self.life.state.revision <= after:
            await self._news.wait()
        return self.life.status


@pytest.fixture
def bound() -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", 0))
    return one


@asynccontextmanager
async def following(desk: Desk, bound: socket.socket, drain: str = "open") -> AsyncIterator[int]:
    port = int(bound.getsockname()[1])
    running = asyncio.create_task(ReadyPort([bound.detach()], desk, drain).run())
    try:
        yield port
    finally:
        running.cancel()
        await asyncio.wait([running])


async def knock(port: int) -> bytes | None:
    """Return what comes back before the end, None where we are refused."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except (ConnectionRefusedError, ConnectionResetError):  # reset: shut while we waited
        return None
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


async def opened(port: int) -> bytes:
    async with asyncio.timeout(20):
        while (answer := await knock(port)) is None:
            await clock.wait(asyncio.Event(), 0.01)
    return answer


async def closed(port: int) -> None:
    async with asyncio.timeout(20):
        while await knock(port) is not None:
            await clock.wait(asyncio.Event(), 0.01)


async def test_port_refuses_until_the_game_is_ready(bound: socket.socket) -> None:
    desk = Desk()
    async with following(desk, bound) as port:
        assert await knock(port) is None
        desk.post(READY)
        assert await opened(port) == b""
        desk.post(e.GameStarted(8))
        assert await knock(port) == b""


@pytest.mark.parametrize("drain", ["open", "close"])
async def test_port_is_shut_while_draining_only_where_that_was_set(
    drain: str, bound: socket.socket
) -> None:
    desk = Desk()
    async with following(desk, bound, drain) as port:
        desk.post(READY)
        await opened(port)
        desk.post(e.StopRequested())
        if drain == "close":
            await closed(port)
        else:
            assert await knock(port) == b""


async def test_flood_of_callers_is_taken_slowly(bound: socket.socket) -> None:
    desk = Desk()
    desk.post(READY)
    async with following(desk, bound) as port:
        await opened(port)
        begun = clock.now()
        answers = await asyncio.gather(*(knock(port) for _ in range(10)))
        assert clock.now() - begun > 8 * readyport.PAUSE_SECONDS
    assert answers == [b""] * 10


async def test_port_that_the_game_has_taken_is_told(
    bound: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(bound.getsockname())
        other.listen()
        desk.post(READY)
        async with following(desk, bound):
            async with asyncio.timeout(20):
                while "the game must not use it" not in caplog.text:
                    await clock.wait(asyncio.Event(), 0.01)


async def test_without_such_a_port_nothing_is_followed() -> None:
    await ReadyPort([], Desk(), "open").run()


def test_advice_says_what_to_declare() -> None:
    tcp = Port("ready", 9000, 31000, Protocol.TCP)
    udp = Port("game", 7777, 31001, Protocol.UDP)
    ports = {"ready": tcp, "game": udp}
    assert advice("", ports) == ((), ())
    faults, (note,) = advice("9000", ports)
    assert faults == ()
    assert note.startswith(
        "AGENT_READY_PORT=9000: declare it in the app version as TCP with `to_check"
    )
    assert advice("anything", {})[1]
    assert advice("redy", ports)[0] == (
        "AGENT_READY_PORT=redy is no declared port; name one of ready, game",
    )
    assert advice("game", ports)[0] == (
        "AGENT_READY_PORT=game is declared as UDP; declare it as TCP",
    )
