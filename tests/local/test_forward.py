"""What comes to an external port reaches the game, whose answer finds its way back."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from typing import cast

import pytest

from agent import clock
from agent.errors import PlatformError
from agent.local import crowd, demogame
from agent.local.forward import Weather, forwarded
from agent.local.ledger import Status
from agent.local.platform import Platform
from agent.local.variables import free_port
from agent.local.version import Port, Version


class Echo(asyncio.DatagramProtocol):
    """A UDP game that answers with what it got, counting those whom it knows."""

    def __init__(self) -> None:
        self.known: set[tuple[str, int]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.known.add(addr)
        self.transport.sendto(data, addr)


@pytest.fixture
async def game() -> AsyncIterator[tuple[Echo, int]]:
    loop = asyncio.get_running_loop()
    transport, echo = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    yield echo, transport.get_extra_info("sockname")[1]
    transport.close()


def udp(internal: int) -> Port:
    return Port(internal=internal, external=free_port("UDP"))


async def ask(client: socket.socket, text: bytes, port: Port) -> bytes:
    """Send a packet until it is answered: UDP may lose it."""
    loop = asyncio.get_running_loop()
    while True:
        await loop.sock_sendto(client, text, ("127.0.0.1", port.external or 0))
        try:
            async with asyncio.timeout(2):
                return (await loop.sock_recvfrom(client, 2048))[0]
        except TimeoutError:
            continue


def client() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


async def test_each_udp_client_is_somebody_of_its_own(game: tuple[Echo, int]) -> None:
    echo, internal = game
    port = udp(internal)
    with client() as ann, client() as bob:
        async with forwarded([port], "127.0.0.1", Weather()):
            for each, text in ((ann, b"a"), (bob, b"b"), (ann, b"a2")):
                assert await ask(each, text, port) == text
        assert len(echo.known) == 2


async def test_silent_udp_client_is_forgotten(game: tuple[Echo, int]) -> None:
    echo, internal = game
    port = udp(internal)
    with client() as ann:
        async with forwarded([port], "127.0.0.1", Weather(), idle=0.05):
            await ask(ann, b"a", port)
            while len(echo.known) < 2:  # a new socket inside tells that the old one is gone
                await clock.wait(asyncio.Event(), 0.11)
                await ask(ann, b"a", port)


async def test_delay_is_added_to_each_way(game: tuple[Echo, int]) -> None:
    _, internal = game
    port, weather = udp(internal), Weather()
    with client() as ann:
        async with forwarded([port], "127.0.0.1", weather):
            await ask(ann, b"a", port)
            weather.delay = 0.15
            began = clock.now()
            await ask(ann, b"b", port)
            assert clock.now() - began >= 0.3


async def test_game_that_does_not_listen_yet_loses_packets_only() -> None:
    port = udp(free_port("UDP"))
    with client() as ann:
        async with forwarded([port], "127.0.0.1", Weather()):
            ann.sendto(b"early", ("127.0.0.1", port.external or 0))
            await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait, 0.05)


@pytest.mark.parametrize("delay", [0.0, 0.05])
async def test_tcp_is_carried_both_ways_to_the_last_byte(delay: float) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = Port(
        internal=server.sockets[0].getsockname()[1], external=free_port("TCP"), protocol="WS"
    )
    async with server, forwarded([port], "127.0.0.1", Weather(delay)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port.external)
        writer.write(b"x" * 1_000_000)
        writer.write_eof()
        assert await reader.read() == b"X" * 1_000_000
        writer.close()


async def test_tcp_client_of_a_game_that_does_not_listen_is_hung_up_on() -> None:
    port = Port(internal=free_port("TCP"), external=free_port("TCP"), protocol="TCP/UDP")
    async with forwarded([port], "127.0.0.1", Weather()):
        reader, writer = await asyncio.open_connection("127.0.0.1", port.external)
        assert await reader.read() == b""
        writer.close()


async def test_open_connection_ends_with_the_deployment() -> None:
    hung_up = asyncio.Event()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hi")
        await reader.read()
        writer.close()
        hung_up.set()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = Port(
            internal=server.sockets[0].getsockname()[1], external=free_port("TCP"), protocol="TCP"
        )
        async with forwarded([port], "127.0.0.1", Weather()):
            reader, writer = await asyncio.open_connection("127.0.0.1", port.external)
            assert await reader.read(2) == b"hi"
        assert await reader.read() == b""
        writer.close()
        await hung_up.wait()


async def test_port_that_is_taken_is_a_clear_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = Port(internal=1, external=taken.getsockname()[1])
        with pytest.raises(PlatformError, match=r"cannot forward .* gameport: .*in use; choose"):
            async with forwarded([port], "127.0.0.1", Weather()):
                pass


async def test_taken_port_brings_the_deployment_to_error(platform: Platform) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        ports = [Port(external=taken.getsockname()[1])]
        deployment = await platform.deploy(Version(command=["true"], ports=ports))
    assert deployment.status is Status.ERROR
    assert "cannot forward" in deployment.life.error_detail


async def test_player_outside_joins_the_game_inside(platform: Platform) -> None:
    deployment = await platform.deploy(
        Version(
            command=["python3", "-I", demogame.__file__],
            ports=[Port(internal=free_port("UDP"))],
        )
    )
    (port,) = deployment.ports
    assert port.external != port.internal
    player = await crowd.Player.connect("ann", port.external or 0)
    await player.ask("JOIN ann", "WELCOME")
    await deployment.wrote("ann joined, 1 here")
    await player.close()
