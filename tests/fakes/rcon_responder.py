"""A game's Source RCON port, written from Valve's page on the protocol; it can also misbehave."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PASSWORD = "open sesame"
AUTH, AUTH_RESPONSE, COMMAND, VALUE = 3, 2, 2, 0


def packed(number: int, kind: int, body: bytes = b"") -> bytes:
    rest = struct.pack("<ii", number, kind) + body + b"\0\0"
    return struct.pack("<i", len(rest)) + rest


@dataclass
class Responder:
    """One game.

    Attributes:
        quirk: "" answers as the page says; "quits" hangs up on a command, "dribbles" sends byte
            by byte, "lies" tells an absurd size, "hangs up" before the login is answered,
            "silent" never answers, "terse" leaves the empty value before the login's answer out.
    """

    quirk: str = ""
    port: int = 0
    commands: list[str] = field(default_factory=list)
    talks: list[asyncio.Task[None]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.append(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (size,) = struct.unpack("<i", await reader.readexactly(4))
                rest = await reader.readexactly(size)
                number, kind = struct.unpack_from("<ii", rest)
                assert rest.endswith(b"\0\0")
                answer = self._answer(number, kind, rest[8:-2].decode())
                if answer is None:
                    break
                step = 1 if self.quirk == "dribbles" else len(answer) or 1
                for at in range(0, len(answer), step):
                    writer.write(answer[at : at + step])
                    await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def _answer(self, number: int, kind: int, body: str) -> bytes | None:
        if kind == COMMAND:
            self.commands.append(body)
            return None if self.quirk == "quits" else packed(number, VALUE, b"stopping")
        assert kind == AUTH
        match self.quirk:
            case "lies":
                return struct.pack("<i", 1 << 30)
            case "hangs up":
                return None
            case "silent":
                return b""
            case _:
                pass
        first = b"" if self.quirk == "terse" else packed(number, VALUE)
        return first + packed(number if body == PASSWORD else -1, AUTH_RESPONSE)


@asynccontextmanager
async def responding(quirk: str = "") -> AsyncIterator[Responder]:
    """Serve on a free port of loopback for the length of the block."""
    it = Responder(quirk)
    server = await asyncio.start_server(it.serve, "127.0.0.1", 0)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        await asyncio.gather(*it.talks)
