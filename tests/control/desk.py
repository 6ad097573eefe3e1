"""A desk that takes facts down, and a server in front of it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from agent.control.limits import Limits
from agent.control.server import ControlServer
from agent.core import events as e
from agent.core.phases import Phase
from agent.core.snapshot import Status
from agent.errors import StateFullError
from tests.test_screen import FRESH

GUARD_SECONDS = 20.0  # against a hang only


@dataclass(frozen=True)
class Port:
    name: str
    internal: int
    external: int
    protocol: str
    tls_upgrade: bool = False


@dataclass(frozen=True)
class Deployment:
    request_id: str | None = "abc123"
    public_ip: str | None = "192.0.2.7"
    fqdn: str | None = "abc123.pr.edgegap.net"
    tags: tuple[str, ...] = ("production",)
    location: dict[str, object] = field(default_factory=lambda: {"city": "Montreal"})
    ports: dict[str, Port] = field(
        default_factory=lambda: {"game": Port("game", 7777, 31669, "UDP")}
    )


@dataclass(frozen=True)
class Match:
    id: str = "m-1"
    extra: dict[str, object] = field(default_factory=dict)


class FakeDesk:
    """Counts revisions as the runtime does: each fact is a new one."""

    def __init__(self) -> None:
        self.posted: list[e.Event] = []
        self.is_full = False
        self._status = FRESH
        self._news = asyncio.Event()

    def status(self) -> Status:
        return self._status

    def post(self, event: e.Event) -> Status:
        if self.is_full:
            raise StateFullError("cannot remember that: it is full", fix="send fewer ids")
        self.posted.append(event)
        status = replace(self._status, revision=self._status.revision + 1)
        match event:
            case e.ReadyReported():
                status = replace(status, phase=Phase.READY, why="ready by api")
            case e.PlayersSet(ids, count, capacity):
                players = replace(
                    status.players, ids=ids, count=max(len(ids), count or 0), capacity=capacity
                )
                status = replace(status, players=players)
            case _:
                pass
        self._status = status
        self._news.set()
        return status

    async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ASYNC109
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._status.revision <= after:
                    self._news.clear()
                    await self._news.wait()
        return self._status


@dataclass(frozen=True)
class Answer:
    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


class Caller:
    """One connection, on which bytes are sent as some client would send them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, request: bytes, *, has_body: bool = True) -> Answer:
        self.writer.write(request)
        return await self.hear(has_body=has_body)

    async def hear(self, *, has_body: bool = True) -> Answer:
        async with asyncio.timeout(GUARD_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
            }
            length = int(headers.get("content-length", 0)) if has_body else 0
            body = await self.reader.readexactly(length)
        return Answer(int(first.split(" ")[1]), headers, body)

    async def is_closed(self) -> bool:
        """Wait for the server to close the connection."""
        async with asyncio.timeout(GUARD_SECONDS):
            with suppress(ConnectionError):
                return not await self.reader.read(1)
        return True


class Served:
    """A server for the length of ``serving``."""

    def __init__(self, desk: FakeDesk, server: ControlServer, port: int, path: str) -> None:
        self.desk = desk
        self.server = server
        self.port = port
        self._path = path

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Caller]:
        if self._path:
            reader, writer = await asyncio.open_unix_connection(self._path)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Caller(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def raw(self, request: bytes) -> Answer:
        async with self.connected() as caller:
            return await caller.say(request, has_body=not request.startswith(b"HEAD"))

    async def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Answer:
        lines = [f"{method} {path} HTTP/1.1"]
        given = {"Host": f"127.0.0.1:{self.port}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if body is not None:
            given["Content-Length"] = str(len(body))
        lines += [f"{name}: {value}" for name, value in given.items()]
        return await self.raw("\r\n".join([*lines, "", ""]).encode() + (body or b""))

    async def stream(self, path: str, *, lines: int, accept: str = "text/plain") -> list[str]:
        """Read the first lines of an answer that may go on."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with (
            asyncio.timeout(GUARD_SECONDS),
            aiohttp.ClientSession() as session,
            session.get(url, headers={"Accept": accept}) as answer,
        ):
            assert answer.content_type == accept
            return [(await answer.content.readline()).decode().strip() for _ in range(lines)]


@asynccontextmanager
async def serving(
    desk: FakeDesk | None = None,
    *,
    deployment: object = None,
    match: object = None,
    token: str = "",
    limits: Limits | None = None,
    path: str = "",
) -> AsyncIterator[Served]:
    desk = desk or FakeDesk()
    one = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    one.bind(path or ("127.0.0.1", 0))
    one.listen(1024)
    address = one.getsockname()
    server = ControlServer(
        desk=desk,
        listeners=[(one.detach(), address)],
        deployment=Deployment() if deployment is None else deployment,
        match=match,
        token=token,
        limits=limits,
    )
    task = asyncio.create_task(server.run())
    try:
        yield Served(desk, server, 0 if path else address[1], path)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
