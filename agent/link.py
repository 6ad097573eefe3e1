"""The agent's end of the channel to PID 1."""

import asyncio
import json
import socket
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from .errors import LinkError
from .pid1 import wire

_MOST_BYTES = 256 * 1024  # a datagram; the secrets are the largest thing in one


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket that PID 1 bound before the game was spawned."""

    address: tuple[str, int] | str  # host with port, or the path of a Unix socket
    fd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All that PID 1 knows, told once to an agent that said hello."""

    boot: str
    born: float
    start: int  # the how-manieth agent we are
    url: str
    listeners: tuple[Listener, ...]
    faces: dict[str, tuple[Listener, ...]] = field(default_factory=dict)  # by door
    game_pid: int | None
    game_started_at: float | None
    game_exit: int | None
    term_at: float | None
    game_path: str = ""  # the command's first word
    game_folder: str = ""  # where it was started
    game_home: str = ""
    game_begins: dict[str, int] = field(default_factory=dict)  # its output, by stream
    game_uid: int | None = None  # None = ours
    spool: str = ""  # the folder that PID 1 keeps the output in; empty = in memory
    secrets: dict[str, str] = field(repr=False)
    notices: tuple[str, ...]


def held(truth: Truth) -> set[int]:
    """Return the ports that PID 1 listens on, which are never the game's."""
    doors = (truth.listeners, *truth.faces.values())
    addresses = [each.address for door in doors for each in door]
    return {address[1] for address in addresses if not isinstance(address, str)}


class Link:
    """The channel: orders out, messages in."""

    def __init__(self, fd: int = wire.CHANNEL) -> None:
        """Take over the descriptor that PID 1 left us.

        Raises:
            LinkError: it is no channel: we were not started by PID 1.
        """
        try:
            self._socket = socket.socket(fileno=fd)
            self._socket.settimeout(0)
        except OSError as error:
            raise LinkError("cannot talk to PID 1: start the game with entrypoint.sh") from error
        self._waiting: deque[bytes] = deque()

    async def hello(self) -> Truth:
        """Introduce ourselves; the answer holds the secrets.

        Raises:
            LinkError: PID 1 is gone.
        """
        self.order("hello")
        async for message in self.messages():
            if message.get("is") == "truth":
                return read_truth(message)
        raise LinkError("PID 1 closed the channel")

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what PID 1 says, until it closes the channel."""
        loop = asyncio.get_running_loop()
        while datagram := await loop.sock_recv(self._socket, _MOST_BYTES):
            yield json.loads(datagram)

    def order(self, do: str, /, **fields: object) -> None:
        """Send one order, in turn; it waits here where PID 1 cannot take it at once."""
        self._waiting.append(json.dumps({"do": do, **fields}).encode())
        self._push()

    def close(self) -> None:
        """Give the channel up; PID 1 takes that for our end."""
        self._socket.close()

    def _push(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            try:
                self._socket.send(self._waiting[0], socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except BlockingIOError:
                loop.add_writer(self._socket, self._push)
                return
            except OSError:  # PID 1 is gone, and we are about to be
                self._waiting.clear()
                break
            self._waiting.popleft()
        loop.remove_writer(self._socket)


def read_truth(message: dict[str, Any]) -> Truth:
    """Return the typed form of a truth message."""
    game = message["game"]
    return Truth(
        boot=message["boot"],
        born=message["born"],
        start=message["start"],
        url=message["url"],
        listeners=tuple(map(_listener, message["listeners"])),
        faces={
            door: tuple(map(_listener, each)) for door, each in message.get("faces", {}).items()
        },
        game_pid=game["pid"],
        game_started_at=game["started_at"],
        game_exit=game["exit"],
        game_path=game["path"],
        game_folder=game["folder"],
        game_home=game["home"],
        game_begins=game.get("begins", {}),
        game_uid=game.get("uid"),
        term_at=message["term_at"],
        spool=message["spool"],
        secrets=message["secrets"],
        notices=tuple(message["notices"]),
    )


def _listener(each: dict[str, Any]) -> Listener:
    address = each["address"]
    return Listener(address if isinstance(address, str) else (address[0], address[1]), each["fd"])
