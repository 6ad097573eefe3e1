"""The platform on the loopback: real HTTP in front of real processes."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from aiohttp import web

from agent import clock
from agent.errors import PlatformError

from . import image
from .api import sending, server
from .api.dossier import Dossier
from .api.hall import Hall
from .api.store import Store
from .deployment import Deployment
from .ledger import ContainerStarted, Ledger, Record, Status
from .page.routes import Page
from .version import Version

_SAMPLE_PERIOD = 10.0  # seconds between two looks at what a container uses


class Platform:
    """A server for the length of an ``async with`` block; its deployments end with it.

    Attributes:
        api_token: what the organisation's calls say after ``token`` in ``Authorization``.
        origin: scheme, host with port.
        page: what its owner sees in a browser.
    """

    def __init__(  # noqa: PLR0913 - options, each by its name
        self,
        *,
        namespace: bool = True,
        on_record: Callable[[Record], None] | None = None,
        listen: str = "127.0.0.1",
        port: int = 0,
        state: str = ":memory:",
        entrypoint: Callable[..., Sequence[str]] = image.behind_entrypoint,
        now: Callable[[], float] = clock.now,
        hears_lines: bool = True,
    ) -> None:
        """Prepare a platform.

        Args:
            namespace: give each container a PID namespace where the kernel lets us.
            on_record: is told each record as it is written.
            listen: the address of the API; outside the loopback the page asks for a token.
            port: its port, or another one if that is taken; 0 = any.
            state: the file that keeps apps, versions, storages, finished deployments.
            entrypoint: makes a container's command of the game's command that a version has.
            now: the clock of the rate limits, in seconds.
            hears_lines: the page gets the output line by line, which is dear where 40 MB come
                at once.
        """
        self.api_token = secrets.token_hex(16)
        self.origin = ""
        self._namespace = namespace
        self._listen, self._port = listen, port
        self._ledger = Ledger(self._notice, hears_lines=hears_lines)
        self._on_record = on_record
        self._lives: list[asyncio.Task[None]] = []
        self._hall = Hall(
            store=Store(state),
            ledger=self._ledger,
            start=self._start,
            entrypoint=entrypoint,
            api_token=self.api_token,
        )
        for past in self._hall.store.deployments.all():
            self._hall.dossiers[past.status.request_id] = Dossier(None, past)
        application = server.application(self._hall, now)
        self.page = Page(self._ledger, self.deployment, listen)
        self.page.open_on(application)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)

    @property
    def records(self) -> list[Record]:
        """Everything that was seen, in order."""
        return self._ledger.records

    def deployment(self, name: str) -> Deployment:
        """Return the deployment of this id.

        Raises:
            PlatformError: there is none, or it ended in an earlier run of the platform.
        """
        dossier = self._hall.dossiers.get(name)
        if dossier and dossier.deployment:
            return dossier.deployment
        raise PlatformError(f"cannot find the deployment {name}: it does not live here")

    async def settled(self, name: str) -> None:
        """Wait until a deployment is over, its log stored as far as that can be."""
        dossier = self._hall.dossiers[name]
        await self._ledger.until(lambda: dossier.is_settled)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._listen, self._port).start()
        except OSError:
            if not self._port:
                raise
            await web.TCPSite(self._runner, self._listen, 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hall.closing.set()
        for dossier in self._hall.dossiers.values():
            if dossier.deployment:
                dossier.deployment.life.abandon()
        await asyncio.gather(*self._lives)
        await self._runner.cleanup()
        self._hall.store.close()

    async def deploy(self, version: Version) -> Deployment:
        """Start a deployment; return as soon as its container runs or has failed."""
        deployment = self._begin(version)
        await self._ledger.until(
            lambda: deployment.over or self._ledger.of(deployment.id, ContainerStarted)
        )
        return deployment

    async def _start(self, version: Version) -> Dossier:
        return self._hall.dossiers[self._begin(version).id]

    def _begin(self, version: Version) -> Deployment:
        told: list[Callable[[str, str], None]] = [version.on_line] if version.on_line else []

        def on_line(stream: str, text: str) -> None:
            for listener in told:
                listener(stream, text)

        deployment = Deployment(replace(version, on_line=on_line), self._ledger, self.origin)
        dossier = Dossier(deployment)
        told.append(dossier.log.add)
        self._hall.dossiers[deployment.id] = dossier
        self._lives.append(asyncio.create_task(self._live(dossier, deployment)))
        return deployment

    async def _live(self, dossier: Dossier, deployment: Deployment) -> None:
        """Let a deployment live, tell its owner what there is to tell, keep what remains."""
        async with asyncio.TaskGroup() as group:
            aside = [
                group.create_task(self._tell_when_ready(dossier, deployment)),
                group.create_task(self._watch_usage(dossier)),
            ]
            await deployment.life.run(
                deployment.ports, deployment.environment, namespace=self._namespace
            )
            for task in aside:
                task.cancel()
        storage = self._hall.store.storages.get(dossier.storage)
        if storage and not self._hall.closing.is_set():
            await sending.upload(dossier, dossier.storage, storage)
        self._hall.store.finish(deployment.id, dossier.kept())
        dossier.is_settled = True
        self._ledger.pulse()

    async def _tell_when_ready(self, dossier: Dossier, deployment: Deployment) -> None:
        await self._ledger.until(lambda: Status.READY in deployment.statuses)
        await sending.tell(dossier)

    async def _watch_usage(self, dossier: Dossier) -> None:
        while not await clock.wait(self._hall.closing, _SAMPLE_PERIOD):
            dossier.usage.take()

    def _notice(self, record: Record) -> None:
        dossier = self._hall.dossiers.get(record.deployment)
        if dossier:
            dossier.notice(record)
        if self._on_record:
            self._on_record(record)
