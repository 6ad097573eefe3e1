"""What a store has, as the objects that were put there."""

import asyncio
import gzip
import re
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from agent import clock

from .logstore import Reply, Sent

_KEY = re.compile(r"/([a-z0-9]+|file/[^?]+)-(\d{14})-(\d{14})\.log\.gz$")


class Shelf:
    """Takes every object once, as ``If-None-Match: *`` asks for.

    Attributes:
        objects: the text by target, in the order in which it came.
        repeats: the targets that were there already.
    """

    def __init__(self, fault: Callable[[Sent], Reply | None] = lambda _: None) -> None:
        self.objects: dict[str, bytes] = {}
        self.repeats: list[str] = []
        self._fault = fault

    def __call__(self, sent: Sent) -> Reply:
        """Answer a request."""
        fault = self._fault(sent)
        if fault is not None:
            return fault
        if sent.target in self.objects:
            self.repeats.append(sent.target)
            return Reply(412)
        self.objects[sent.target] = gzip.decompress(sent.body)
        return Reply(200)

    def spans(self, source: str) -> dict[int, bytes]:
        """Return one source's stretches by their offset."""
        found = {}
        for target, text in self.objects.items():
            key = _KEY.search(target)
            assert key, target
            if key[1] == source:
                found[int(key[2])] = text
                assert int(key[3]) - int(key[2]) == len(text)
        return dict(sorted(found.items()))


class Narrow:
    """A way to a server on which each connection carries so many bytes a second."""

    def __init__(self, port: int, bytes_a_second: int) -> None:
        self._to = port
        self._rate = bytes_a_second
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=4096)
        self.host = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._copy(reader, back, self._rate))
                    both.create_task(self._copy(there, writer, None))
        finally:
            back.close()
            writer.close()
            self._tasks.discard(task)

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: int | None
    ) -> None:
        while data := await reader.read(16_384):
            writer.write(data)
            await writer.drain()
            if rate is not None:
                await clock.wait(asyncio.Event(), len(data) / rate)
        writer.write_eof()
