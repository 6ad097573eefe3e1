"""A deployment's way through its statuses, from the order to its container's end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from agent import clock
from agent.errors import PlatformError

from . import forward
from .container import Container, Output
from .ledger import (
    ContainerExited,
    ContainerFailed,
    ContainerStarted,
    Ledger,
    SignalSent,
    Status,
    StatusTurned,
    StopAccepted,
)
from .version import Port, Version

OVER = (Status.TERMINATED, Status.ERROR)
_BEFORE_START = (
    *(Status.INITIALIZING, Status.SEEKING, Status.SEEKED),
    *(Status.SCANNING, Status.DEPLOYING),
)
_MINUTE = 60.0
_CHECK_PERIOD = 0.1  # seconds between two looks at a checked port


class Life:
    """What one deployment has come to.

    Attributes:
        status: where it stands.
        last_status: where it stood before.
        restarts: how often the container was started again.
        exit_status: of the last run; 128 + n where signal n ended it, None before the first end.
        error_detail: why it came to ERROR.
        began: the wall time of its order.
        ready: the wall time of READY.
        removed: the wall time of its end.
        weather: what the network outside is like.
    """

    def __init__(self, name: str, version: Version, ledger: Ledger, output: Output) -> None:
        self._name = name
        self._version = version
        self._ledger = ledger
        self._output = output
        self.status = Status.INITIALIZING
        self.last_status: Status | None = None
        self.restarts = 0
        self.exit_status: int | None = None
        self.error_detail = ""
        self.began = datetime.now(UTC)
        self.ready: datetime | None = None
        self.removed: datetime | None = None
        self.weather = forward.Weather(version.delay)
        self._container: Container | None = None
        self._marked, self._stop_accepted = asyncio.Event(), asyncio.Event()
        self._running, self._stop_due = asyncio.Event(), asyncio.Event()
        self._abandoned = asyncio.Event()
        self._settled = asyncio.Event()  # READY or ended: a queued stop may go on

    def mark_ready(self) -> None:
        """Let it become READY, as far as the checked ports allow."""
        self._marked.set()

    def accept_stop(self, by: str) -> None:
        """Take on a stop; one that is already on is left alone."""
        if not self._stop_accepted.is_set():
            self._stop_accepted.set()
            self._ledger.write(StopAccepted(clock.now(), self._name, by))

    def signal(self, signum: int) -> None:
        """Signal the container's main process; nothing happens while there is none."""
        if self._container:
            self._container.signal(signum)
            self._ledger.write(SignalSent(clock.now(), self._name, signum))

    def abandon(self) -> None:
        """Come to the end at once, because the platform closes."""
        self._stop_accepted.set()
        self._stop_due.set()
        self._abandoned.set()

    async def run(
        self, ports: Sequence[Port], environment: Mapping[str, str], *, namespace: bool
    ) -> None:
        """Live from the first status to the last."""
        for status in _BEFORE_START:
            self._turn(status)
        run_once = partial(self._run_once, ports, environment, namespace=namespace)
        try:
            async with (
                forward.forwarded(ports, self._version.listen, self.weather),
                _beside(self._await_stop(), self._end_when_time_is_up()),
            ):
                await run_once()
                while await self._is_to_restart():
                    self.restarts += 1
                    await run_once()
        except PlatformError as error:
            self.error_detail = str(error)
            self._ledger.write(ContainerFailed(clock.now(), self._name, self.error_detail))
            self._finish(Status.ERROR)
        else:
            self._finish(Status.TERMINATED)

    async def _run_once(
        self, ports: Sequence[Port], environment: Mapping[str, str], *, namespace: bool
    ) -> None:
        """Run the container to its end, whether it leaves by itself or is stopped."""
        checked = [port.internal for port in ports if port.to_check]
        container = Container(self._version, environment, self._output)
        container.on_start = partial(self._started, checked)
        self._container = container
        async with _beside(self._get_ready(checked), self._stop_when_due()):
            await container.run(namespace=namespace)
        self._container = None
        self.exit_status = container.exit_status
        self._ledger.write(ContainerExited(container.exited_at, self._name, container.exit_status))

    def _started(self, checked: Sequence[int], pid: int, at: float) -> None:
        self._ledger.write(ContainerStarted(at, self._name, pid, self.restarts))
        self._running.set()
        if self._version.mark_ready_after == 0 and not checked:
            self._become_ready()  # at once, so that a container that leaves at once was READY

    async def _get_ready(self, checked: Sequence[int]) -> None:
        """Come to READY when the container has had its time, its checked ports are open."""
        await self._running.wait()
        if self._version.mark_ready_after is None:
            await self._marked.wait()
        else:
            await clock.wait(self._marked, self._version.mark_ready_after)
        for port in checked:
            while not await _is_open(port):
                await clock.wait(self._abandoned, _CHECK_PERIOD)
        self._become_ready()

    def _become_ready(self) -> None:
        if self.ready is None:  # a container that was started again is in a READY deployment
            self.ready = datetime.now(UTC)
            self._turn(Status.READY)
            self._settled.set()

    async def _await_stop(self) -> None:
        """Make an accepted stop due; one before READY is only queued."""
        await self._stop_accepted.wait()
        await self._settled.wait()
        if self._version.stop_delay is not None:
            await clock.wait(self._abandoned, self._version.stop_delay)
            self._stop_due.set()

    async def _end_when_time_is_up(self) -> None:
        await self._settled.wait()
        if self._version.max_duration >= 0:
            await clock.wait(self._abandoned, self._version.max_duration * _MINUTE)
            self.accept_stop("max_duration")

    async def _stop_when_due(self) -> None:
        await self._running.wait()
        await self._stop_due.wait()
        self._turn(Status.TERMINATING)
        if not self._abandoned.is_set():
            self.signal(signal.SIGTERM)
            await clock.wait(self._abandoned, self._version.grace)
        self.signal(signal.SIGKILL)

    async def _is_to_restart(self) -> bool:
        self._running.clear()
        if self._stop_due.is_set():
            return False
        if not self._version.restart_policy.restarts(self.exit_status or 0):
            return False
        return not await clock.wait(self._stop_due, self._version.restart_delay)

    def _turn(self, status: Status) -> None:
        self.last_status, self.status = self.status, status
        self._ledger.write(StatusTurned(clock.now(), self._name, status))

    def _finish(self, status: Status) -> None:
        if self.status is not Status.TERMINATING and status is not Status.ERROR:
            self._turn(Status.TERMINATING)
        self.removed = datetime.now(UTC)
        self._turn(status)


@asynccontextmanager
async def _beside(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do some work as long as the block runs; what failed in it is raised after the block.

    Not a TaskGroup, which would wrap the errors of the block itself.
    """
    tasks = [asyncio.create_task(part) for part in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


async def _is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
