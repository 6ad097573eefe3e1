"""A deployment's external ports: what comes to them goes on to the internal ones, and back."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from agent import clock
from agent.errors import PlatformError

from .version import Port

_INSIDE = "127.0.0.1"
_CHUNK = 65_536
_QUEUE = 64  # chunks of a TCP stream that may be under way, so that a delay holds no more
_MOST_CLIENTS = 1024  # of a UDP port; the one that was silent longest gives way
_IDLE = 60.0  # seconds of silence after which a UDP client is forgotten


@dataclass(slots=True)
class Weather:
    """The network between the players and the game.

    Attributes:
        delay: seconds that everything takes on its way, each way; may be changed at any time.
    """

    delay: float = 0.0


@asynccontextmanager
async def forwarded(
    ports: Sequence[Port], host: str, weather: Weather, idle: float = _IDLE
) -> AsyncIterator[None]:
    """Forward, as long as the block runs, the ports whose two numbers differ.

    Args:
        ports: with their external numbers.
        host: the address that the external ones listen at.
        weather: what it is like on the way.
        idle: seconds until a silent UDP client is forgotten.

    Raises:
        PlatformError: an external port cannot be had.
    """
    async with contextlib.AsyncExitStack() as stack:
        for port in ports:
            if port.external in (None, port.internal):
                continue  # the game itself has it
            for opened in _gates(port):
                try:
                    await stack.enter_async_context(opened(host, port, weather, idle))
                except OSError as error:
                    raise PlatformError(
                        f"cannot forward the external port {port.external} of {port.name}: "
                        f"{error.strerror}; choose another one"
                    ) from None
        yield


_Gate = Callable[[str, Port, Weather, float], contextlib.AbstractAsyncContextManager[None]]


def _gates(port: Port) -> list[_Gate]:
    is_udp = "UDP" in port.protocol.upper()
    is_tcp = port.protocol.upper() != "UDP"
    return [gate for gate, is_on in ((_tcp, is_tcp), (_udp, is_udp)) if is_on]


@asynccontextmanager
async def _tcp(host: str, port: Port, weather: Weather, _idle: float) -> AsyncIterator[None]:
    """Forward connections."""
    streams: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101 - for the type checker: a callback of the server is one
        streams.add(task)
        task.add_done_callback(streams.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await _join(reader, writer, port.internal, weather)

    server = await asyncio.start_server(serve, host, port.external)
    try:
        yield
    finally:
        server.close()
        for task in streams:
            task.cancel()
        await asyncio.gather(*streams, return_exceptions=True)


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, internal: int, weather: Weather
) -> None:
    """Carry one connection both ways until both sides have said their last."""
    try:
        inside_reader, inside_writer = await asyncio.open_connection(_INSIDE, internal)
        try:
            async with asyncio.TaskGroup() as group:
                for source, sink in ((reader, inside_writer), (inside_reader, writer)):
                    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUE)
                    group.create_task(_take_in(source, queue, weather))
                    group.create_task(_give_out(queue, sink))
        finally:
            inside_writer.close()
    except* OSError:
        pass  # one side hung up: the other will see its connection closed
    finally:
        writer.close()


async def _take_in(
    source: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]], weather: Weather
) -> None:
    """Read one side, note when each chunk is to come out; an empty one is the end."""
    chunk = b"-"
    while chunk:
        chunk = await source.read(_CHUNK)
        await queue.put((clock.now() + weather.delay, chunk))


async def _give_out(queue: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
    never = asyncio.Event()
    while True:
        due, chunk = await queue.get()
        if (left := due - clock.now()) > 0:
            await clock.wait(never, left)
        if not chunk:
            sink.write_eof()
            return
        sink.write(chunk)
        await sink.drain()


@asynccontextmanager
async def _udp(host: str, port: Port, weather: Weather, idle: float) -> AsyncIterator[None]:
    """Forward packets, with a socket of its own for each client, so that the game knows them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.settimeout(0)
        outside.bind((host, port.external))
        relay = _Relay(outside, port.internal, weather, idle)
        loop = asyncio.get_running_loop()
        loop.add_reader(outside, relay.take)
        try:
            yield
        finally:
            loop.remove_reader(outside)
            relay.close()


class _Relay:
    """The clients of one UDP port."""

    def __init__(
        self, outside: socket.socket, internal: int, weather: Weather, idle: float
    ) -> None:
        self._outside = outside
        self._internal = internal
        self._weather = weather
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._clients: dict[Any, tuple[socket.socket, float]] = {}  # the silent ones first
        self._sweep: asyncio.TimerHandle | None = None

    def take(self) -> None:
        """Pass one packet on to the game."""
        with contextlib.suppress(OSError):  # a packet may be lost
            packet, client = self._outside.recvfrom(_CHUNK)
            inside = self._inside(client)
            self._later(lambda: inside.send(packet))

    def close(self) -> None:
        """Forget everybody."""
        if self._sweep:
            self._sweep.cancel()
        for client in list(self._clients):
            self._forget(client)

    def _inside(self, client: Any) -> socket.socket:
        inside, _ = self._clients.pop(client, (None, 0.0))
        if inside is None:
            inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            inside.settimeout(0)
            inside.connect((_INSIDE, self._internal))
            self._loop.add_reader(inside, self._give_back, inside, client)
        self._clients[client] = (inside, clock.now())
        if len(self._clients) > _MOST_CLIENTS:
            self._forget(next(iter(self._clients)))
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._idle, self._forget_the_silent)
        return inside

    def _give_back(self, inside: socket.socket, client: Any) -> None:
        with contextlib.suppress(OSError):  # the game may not listen yet
            packet = inside.recv(_CHUNK)
            self._later(lambda: self._outside.sendto(packet, client))

    def _later(self, send: Callable[[], object]) -> None:
        def deliver() -> None:
            with contextlib.suppress(OSError):  # closed meanwhile, or nobody listens
                send()

        if self._weather.delay:
            self._loop.call_later(self._weather.delay, deliver)
        else:
            deliver()

    def _forget_the_silent(self) -> None:
        self._sweep = None
        for client, (_, heard) in list(self._clients.items()):
            if clock.now() - heard >= self._idle:
                self._forget(client)
        if self._clients:
            self._sweep = self._loop.call_later(self._idle, self._forget_the_silent)

    def _forget(self, client: Any) -> None:
        inside, _ = self._clients.pop(client)
        self._loop.remove_reader(inside)
        inside.close()
