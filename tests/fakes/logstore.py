"""A log store on loopback that is strict about HTTP and can fail in every way a store does."""

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from types import TracebackType
from typing import Self

_REASONS = {200: "OK", 204: "No Content", 403: "Forbidden", 412: "Precondition Failed"}


@dataclass(frozen=True)
class Reply:
    """One answer; a fault says what goes wrong instead of it, or in the midst of it."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fault: str = ""  # reset | hang | lost (taken, then reset) | half | early | garbage


RESET = Reply(fault="reset")
HANG = Reply(fault="hang")
LOST = Reply(fault="lost")


@dataclass(frozen=True)
class Sent:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> bytes:
        """The body, decompressed."""
        return gzip.decompress(self.body)


class Store:
    """Answers by the script first, then by *usually*.

    Attributes:
        requests: what came, in full.
        clock: what the Date header adds to the real time, seconds; None leaves it out.
    """

    def __init__(
        self,
        *script: Reply,
        usually: Callable[[Sent], Reply] = lambda _: Reply(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[Sent] = []
        self.clock: float | None = 0.0
        self.connections = 0
        self._script = list(script)
        self._usually = usually
        self._aimed: list[tuple[str, Reply]] = []
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        self.url = f"{'https' if self._tls else 'http'}://{self.host}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def next_to(self, part: str, *replies: Reply) -> None:
        """Answer the next requests whose target has that part by these."""
        self._aimed = [(part, reply) for reply in replies]

    async def saw(self, count: int) -> None:
        """Wait until so many requests have come, whole."""
        while len(self.requests) < count:
            self._news.clear()
            await self._news.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._answer(reader, writer):
                pass
        self._tasks.discard(task)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether another one may follow."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        reply = self._scripted(target)
        if reply is not None and reply.fault == "early":
            await self._write(writer, reply)
            return False
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        sent = Sent(method, target, headers, body)
        self.requests.append(sent)
        self._news.set()
        if "transfer-encoding" in headers:
            reply = Reply(411)
        elif reply is None or reply.fault == "lost":
            taken = self._usually(sent)
            reply = RESET if reply is not None else taken
        if reply.fault == "hang":
            await asyncio.Event().wait()
        elif reply.fault == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        elif reply.fault == "garbage":
            writer.write(b"220 mail.example ESMTP\r\n\r\n")
            return False
        await self._write(writer, reply)
        if reply.fault == "half":
            await asyncio.Event().wait()
        return True

    def _scripted(self, target: str) -> Reply | None:
        if self._aimed and self._aimed[0][0] in target:
            return self._aimed.pop(0)[1]
        return self._script.pop(0) if self._script else None

    async def _write(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        extra = 9999 if reply.fault == "half" else 0
        lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Other')}"]
        if self.clock is not None:
            lines.append(f"Date: {formatdate(_now() + self.clock, usegmt=True)}")
        lines += [f"{name}: {value}" for name, value in reply.headers]
        lines.append(f"Content-Length: {len(reply.body) + extra}")
        writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body)
        await writer.drain()


def _now() -> float:
    from agent import clock

    return clock.wall()
