"""Scripted players of the demo game."""

import asyncio
from collections.abc import Sequence
from typing import Self

_PATIENCE = 0.5  # seconds before a packet counts as lost


class Player(asyncio.DatagramProtocol):
    """One UDP client.

    Attributes:
        name: what it calls itself.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._heard: set[str] = set()
        self._pulse, self._closed = asyncio.Event(), asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def connect(cls, name: str, port: int) -> Self:
        """Return a player that talks to the loopback's UDP port."""
        loop = asyncio.get_running_loop()
        transport, player = await loop.create_datagram_endpoint(
            lambda: cls(name), remote_addr=("127.0.0.1", port)
        )
        player._transport = transport  # noqa: SLF001 - our own, a moment old
        return player

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """Remember the first word of what the game says."""
        self._heard.add(data.decode(errors="replace").partition(" ")[0])
        self._pulse.set()
        self._pulse = asyncio.Event()

    def error_received(self, exc: Exception) -> None:
        """Stay: a refused packet means that the game does not listen yet."""

    async def ask(self, text: str, answer: str) -> None:
        """Send *text* until the game says something that begins with the word *answer*."""
        while answer not in self._heard:
            if self._transport:
                self._transport.sendto(text.encode())
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self.hear(answer)
            except TimeoutError:
                continue  # UDP: the packet, or its answer, was lost

    async def hear(self, word: str) -> None:
        """Wait until the game has said something that begins with *word*."""
        while word not in self._heard:
            await self._pulse.wait()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Remember that the socket is closed."""
        self._closed.set()

    async def close(self) -> None:
        """Leave without a word."""
        if self._transport:
            self._transport.close()
            await self._closed.wait()


async def play(names: Sequence[str], port: int, leave: asyncio.Event) -> None:
    """Join one after the other, chat, stay to the match's end, leave when told to."""
    players = [await Player.connect(name, port) for name in names]
    try:
        for player in players:
            await player.ask(f"JOIN {player.name}", "WELCOME")
        for player in players:
            await player.ask("SAY hello", f"{player.name}:")
        for player in players:
            await player.hear("OVER")
        await leave.wait()
        for player in players:
            await player.ask("LEAVE", "BYE")
    finally:
        for player in players:
            await player.close()
