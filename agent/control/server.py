"""The control API's server on sockets that somebody else bound."""

import asyncio
import socket
from collections.abc import Callable, Iterable

from aiohttp import web

from ..core.crash import CrashReport
from ..core.usage import Usage
from ..interfaces import Desk, Logs
from . import limits as most
from .counter import Counter
from .door import Door
from .limits import Limits


class ControlServer:
    """Serves until it is cancelled."""

    def __init__(
        self,
        *,
        desk: Desk,
        listeners: Iterable[tuple[int, object]],
        deployment: object,
        match: object = None,
        token: str = "",
        limits: Limits | None = None,
    ) -> None:
        """Prepare to serve.

        Args:
            desk: where facts are handed in.
            listeners: descriptor with address of each socket that already listens; they are
                ours from now on.
            deployment: the deployment's facts, without secrets, as msgspec can encode them.
            match: what the matchmaker told; None where none was at work.
            token: the bearer token that callers must have; empty = none is asked for.
            limits: how much a caller may take.
        """
        self._limits = limits or Limits()
        self._listeners = [fd for fd, _ in listeners]
        self._counter = Counter(
            desk, deployment=deployment, match=match, token=token, limits=self._limits
        )

    def show(self, logs: Logs, crash: Callable[[], CrashReport | None] | None = None) -> None:
        """Answer calls about logs from now on, and those about the last crash."""
        self._counter.logs = logs
        self._counter.crash = crash or self._counter.crash

    def measure(self, look: Callable[[], Usage]) -> None:
        """Tell in ``/metrics`` from now on what *look* sees; it blocks for milliseconds."""
        self._counter.look = look

    def expect(self, note: Callable[[str], object]) -> None:
        """Have each call that was not refused noted from now on, by its operation."""
        self._counter.note_call = note

    async def run(self) -> None:
        """Serve; when cancelled, let answers that are under way go out, for a short time."""
        door = Door(self._counter.answer, self._limits.connections)
        runner = web.ServerRunner(door, shutdown_timeout=most.LEAVE_SECONDS)
        await runner.setup()
        try:
            for fd in self._listeners:
                site = web.SockSite(runner, socket.socket(fileno=fd), backlog=most.BACKLOG)
                await site.start()
            await asyncio.get_running_loop().create_future()
        finally:
            await runner.cleanup()
