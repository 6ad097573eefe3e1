"""The routes about logs."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from .. import clock
from ..core.snapshot import LogLine, LogsStatus
from ..interfaces import Logs
from .limits import WAIT_SECONDS, Limits
from .problems import RefusedError
from .streams import NDJSON

PLAIN = "text/plain"
LINES = 10_000
_LOOK_SECONDS = 0.5
_BEAT = b"\n"  # keeps a reader's connection, shows us one that is gone


class LogsQuery(Struct, frozen=True, kw_only=True):
    """Which lines: the last ``tail``, then what comes where ``follow`` is 1."""

    tail: Annotated[int, Meta(ge=0, le=LINES)] = 100
    follow: Literal["0", "1", "true", "false"] = "0"
    source: Annotated[str, Meta(description="stdout, stderr, agent, pid1; with commas")] = ""
    grep: Annotated[str, Meta(max_length=1024, description="what a line must hold")] = ""


class FlushQuery(Struct, frozen=True, kw_only=True):
    """How long to wait for the acknowledgements."""

    wait: Annotated[
        float, Meta(ge=0, description=f"more than {WAIT_SECONDS:g} s are cut to that")
    ] = 5.0


class NoLogs:
    """Nothing is kept, nothing is shipped."""

    is_readable = False

    def tail(self, *_: object) -> tuple[list[LogLine], dict[str, int]]:
        """Return nothing."""
        return [], {}

    since = tail

    async def count(self) -> LogsStatus:
        """Count nothing."""
        return LogsStatus("")

    async def flush(self, _: float, /) -> LogsStatus:
        """Ship nothing."""
        return LogsStatus("")


class Lines:
    """Answers with lines, as text or as JSON, to its end or for ever."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open = 0

    async def serve(
        self, request: web.BaseRequest, asked: LogsQuery, logs: Logs
    ) -> web.StreamResponse:
        """Tell the lines.

        Raises:
            RefusedError: nobody can read them here, or too many streams are open.
        """
        if not logs.is_readable:
            raise RefusedError(
                404,
                "cannot read the log: no folder is writable, so it is kept in memory",
                fix="set AGENT_SPOOL_DIR to a folder that the agent may write to",
            )
        if self._open >= self._limits.streams:
            raise RefusedError(503, "cannot open a stream: too many are open", fix="close some")
        kind = NDJSON if NDJSON in request.headers.get("Accept", "") else PLAIN
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        if request.method == "HEAD":
            return response
        self._open += 1
        try:
            await response.prepare(request)
            await self._tell(response, asked, kind, logs)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._open -= 1
        return response

    async def _tell(
        self, response: web.StreamResponse, asked: LogsQuery, kind: str, logs: Logs
    ) -> None:
        sources = tuple(name for name in asked.source.replace(" ", "").split(",") if name)
        lines, ends = await asyncio.to_thread(logs.tail, asked.tail, sources, asked.grep)
        await self._write(response, _render(lines, kind))
        told_at = clock.now()
        while asked.follow in {"1", "true"}:
            await clock.wait(asyncio.Event(), _LOOK_SECONDS)
            lines, ends = await asyncio.to_thread(logs.since, ends, sources, asked.grep)
            is_silent = clock.now() - told_at >= self._limits.beat_seconds
            if lines or is_silent:
                beat = _BEAT if kind == NDJSON and not lines else b""
                await self._write(response, beat or _render(lines, kind))
                told_at = clock.now()

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(self._limits.write_seconds):
            await response.write(data)


def _render(lines: Iterable[LogLine], kind: str) -> bytes:
    if kind == NDJSON:
        return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    return "".join(f"{line.text}\n" for line in lines).encode()
