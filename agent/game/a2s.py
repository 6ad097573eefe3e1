"""Asking a game server what it tells server browsers."""

import asyncio
import socket

from .a2swire import Assembly, Challenge, Info, UnreadableError, question

ANSWER_SECONDS = 1.0
MOST_DATAGRAMS = 32
MOST_CHALLENGES = 2  # one that has expired meanwhile is replaced, no more

_LOOPBACK = "127.0.0.1"
_DATAGRAM_BYTES = 65_535


async def query(port: int, seconds: float = ANSWER_SECONDS) -> Info | None:
    """Return what the server on a UDP port of loopback says of itself.

    Args:
        port: where it listens.
        seconds: how long the whole may take.

    Returns:
        None where nothing that can be read came in time: no server, another protocol, a lie.
        Nobody else is heard, as the socket is connected.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as one:
        try:
            async with asyncio.timeout(seconds):
                one.connect((_LOOPBACK, port))
                return await _ask(one)
        except (OSError, UnreadableError):  # TimeoutError is one: ICMP refuses, or silence
            return None


async def _ask(one: socket.socket) -> Info | None:
    loop = asyncio.get_running_loop()
    assembly, challenges = Assembly(), 0
    await loop.sock_sendall(one, question())
    for _ in range(MOST_DATAGRAMS):
        match assembly.take(await loop.sock_recv(one, _DATAGRAM_BYTES)):
            case Info() as info:
                return info
            case Challenge(token=token) if challenges < MOST_CHALLENGES:
                challenges += 1
                await loop.sock_sendall(one, question(token))
            case Challenge():
                return None
            case None:
                pass
    return None
