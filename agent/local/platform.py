"""The platform on the loopback: real HTTP in front of real processes."""

import asyncio
import hmac
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from agent import clock

from . import answers
from .deployment import Deployment
from .faults import Fault, Hang, Lost, Refusal, Reset
from .ledger import ContainerStarted, Ledger, Record, SelfStopCalled, StatusRead
from .version import Version

_ACCEPTED = web.HTTPAccepted.status_code
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER with 0 s: closing sends RST


class Platform:
    """A server for the length of an ``async with`` block; its deployments end with it.

    Attributes:
        api_token: what the organisation's calls say after ``token`` in ``Authorization``.
        origin: scheme, host with port.
    """

    def __init__(
        self,
        *,
        namespace: bool = True,
        on_record: Callable[[Record], None] | None = None,
        listen: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Prepare a platform.

        Args:
            namespace: give each container a PID namespace where the kernel lets us.
            on_record: is told each record as it is written.
            listen: the address of the API.
            port: its port, or another one if that is taken; 0 = any.
        """
        self.api_token = secrets.token_hex(16)
        self.origin = ""
        self._namespace = namespace
        self._listen, self._port = listen, port
        self._ledger = Ledger(on_record)
        self._deployments: dict[str, Deployment] = {}
        self._lives: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    @property
    def records(self) -> list[Record]:
        """Everything that was seen, in order."""
        return self._ledger.records

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
        self._closing.set()
        for deployment in self._deployments.values():
            deployment.life.abandon()
        await asyncio.gather(*self._lives)
        await self._runner.cleanup()

    async def deploy(self, version: Version) -> Deployment:
        """Start a deployment; return as soon as its container runs or has failed."""
        deployment = Deployment(version, self._ledger, self.origin)
        self._deployments[deployment.id] = deployment
        life = deployment.life.run(
            deployment.ports, deployment.environment, namespace=self._namespace
        )
        self._lives.append(asyncio.create_task(life))
        await self._ledger.until(
            lambda: deployment.over or self._ledger.of(deployment.id, ContainerStarted)
        )
        return deployment

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[_speak_json])
        application.router.add_delete("/v1/self/stop/{deployment}/{stop_key}", self._self_stop)
        application.router.add_get("/v1/status/{deployment}", self._status, allow_head=False)
        application.router.add_get(
            "/v1/context/{deployment}/{key}", self._context, allow_head=False
        )
        return application

    async def _self_stop(self, request: web.Request) -> web.Response:
        """Operation ``deployment-self-delete``."""
        deployment = self._deployments.get(request.match_info["deployment"])
        if deployment is None:
            name = request.match_info["deployment"]
            self._ledger.write(SelfStopCalled(clock.now(), name, "404"))
            return answers.message(404, f"Deployment {name} not found")
        storage = request.query.get("container_log_storage")
        fault = deployment.next_fault()
        if fault:
            deployment.called(_name(fault), storage)
            return await self._fail(fault, deployment, request)
        response = _judge(deployment, request)
        deployment.called(str(response.status), storage)
        if response.status == _ACCEPTED:
            deployment.life.accept_stop("self-stop")
        return response

    async def _fail(
        self, fault: Fault, deployment: Deployment, request: web.Request
    ) -> web.Response:
        if isinstance(fault, Refusal):
            after = fault.retry_after
            headers = None if after is None else {"Retry-After": str(after)}
            return answers.message(fault.status, "Fault on demand", headers)
        if isinstance(fault, Hang):
            await clock.wait(self._closing, fault.seconds)
        if isinstance(fault, Lost) and _judge(deployment, request).status == _ACCEPTED:
            deployment.life.accept_stop("self-stop")
        _cut(request)
        return web.Response()

    async def _status(self, request: web.Request) -> web.Response:
        """Operation ``deployment-get``."""
        name = request.match_info["deployment"]
        deployment = self._deployments.get(name)
        if not _same(request, f"token {self.api_token}"):
            response = answers.message(401, "Unauthorized: send Authorization: token <API token>")
        elif deployment is None:
            response = answers.message(404, f"Deployment {name} not found")
        else:
            response = answers.answer(200, answers.describe(deployment))
        self._ledger.write(StatusRead(clock.now(), name, str(response.status)))
        return response

    async def _context(self, request: web.Request) -> web.Response:
        """The context URL of older platforms; no document has it any more."""
        deployment = self._deployments.get(request.match_info["deployment"])
        if deployment is None:
            return answers.message(404, "Deployment not found")
        if not _same(request, deployment.identity.context_token):
            return answers.message(401, "Unauthorized")
        return answers.answer(200, answers.context(deployment))


def _judge(deployment: Deployment, request: web.Request) -> web.Response:
    """Return what a self-stop call deserves; a later one repeats the answer of the first."""
    if not request.headers.get("Authorization"):
        return answers.message(401, "Unauthorized: send the raw ARBITRIUM_DELETE_TOKEN")
    if not _same(request, deployment.identity.delete_token):
        return answers.message(403, "Forbidden: this is not the deployment's raw delete token")
    if request.match_info["stop_key"] != deployment.identity.stop_key:
        return answers.message(404, "Not found: this is not the deployment's stop key")
    if deployment.over:
        return answers.message(404, f"Deployment {deployment.id} is already terminated")
    return answers.message(202, f"{deployment.id} - Delete request will be processed soon")


def _same(request: web.Request, expected: str) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())


def _cut(request: web.Request) -> None:
    """Reset the connection."""
    if request.transport:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        request.transport.abort()


def _name(fault: Fault) -> str:
    match fault:
        case Refusal(status):
            return str(status)
        case Hang() | Reset() | Lost():
            return type(fault).__name__.lower()


@web.middleware
async def _speak_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Give the router's own refusals the ``Error`` body."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else None
        return answers.message(refusal.status, refusal.reason, headers)
