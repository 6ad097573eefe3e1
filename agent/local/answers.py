"""The bodies of the platform's answers, as its OpenAPI document describes them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType, json

from .deployment import Deployment
from .ledger import Status
from .variables import LOCATION, PUBLIC_IP

_MAX_DURATION = 1440  # minutes, the API's default


class Message(Struct):
    """Schemas ``Error`` or ``DeleteDeploymentResponse``: they have the same shape."""

    message: str


class DeploymentPort(Struct):
    """Schema ``DeploymentPort``."""

    name: str
    link: str
    internal: int
    external: int
    protocol: str
    tls_upgrade: bool = False


class DeploymentStatus(Struct, kw_only=True):
    """Schema ``V1DeploymentStatus``."""

    request_id: str
    fqdn: str
    public_ip: str = PUBLIC_IP
    app_name: str = "local"
    app_version: str = "local"
    current_status: str
    last_status: str | UnsetType = UNSET
    running: bool
    start_time: str  # required also before READY, so it is then the time of the order
    elapsed_time: int
    max_duration: int = _MAX_DURATION
    removal_time: str | UnsetType = UNSET
    error: bool
    error_detail: str | UnsetType = UNSET
    ports: dict[str, DeploymentPort]
    location: dict[str, str | float]
    tags: Sequence[str]
    command: str


class Context(Struct, kw_only=True):
    """What the context URL of older deployments answers; in no current document."""

    request_id: str
    public_ip: str = PUBLIC_IP
    status: str
    ready: bool
    whitelisting_active: bool = False
    fqdn: str
    ports: dict[str, DeploymentPort]
    location: dict[str, str | float]
    tags: Sequence[str]
    sockets: int | None = None
    sockets_usage: int | None = None
    is_joinable_by_session: bool = False


def answer(status: int, body: Struct, headers: dict[str, str] | None = None) -> web.Response:
    """Return a response with a JSON body."""
    return web.Response(
        status=status,
        body=json.encode(body),
        headers=headers,
        content_type="application/json",
    )


def message(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return a response that says one thing."""
    return answer(status, Message(text), headers)


def describe(deployment: Deployment) -> DeploymentStatus:
    """Return what the status operation answers."""
    life = deployment.life
    elapsed = datetime.now(UTC) - (life.ready or datetime.now(UTC))
    return DeploymentStatus(
        request_id=deployment.id,
        fqdn=_fqdn(deployment),
        current_status=life.status.value,
        last_status=life.last_status.value if life.last_status else UNSET,
        running=life.status is Status.READY,
        start_time=(life.ready or life.began).isoformat(),
        elapsed_time=int(elapsed.total_seconds()),
        removal_time=life.removed.isoformat() if life.removed else UNSET,
        error=life.status is Status.ERROR,
        error_detail=life.error_detail or UNSET,
        ports=_ports(deployment),
        location=dict(LOCATION),
        tags=deployment.version.tags,
        command=" ".join(deployment.version.command),
    )


def context(deployment: Deployment) -> Context:
    """Return what the context URL answers."""
    return Context(
        request_id=deployment.id,
        status=deployment.status.value,
        ready=deployment.status is Status.READY,
        fqdn=_fqdn(deployment),
        ports=_ports(deployment),
        location=dict(LOCATION),
        tags=deployment.version.tags,
    )


def _fqdn(deployment: Deployment) -> str:
    return f"{deployment.id}.pr.edgegap.net"


def _ports(deployment: Deployment) -> dict[str, DeploymentPort]:
    return {
        port.name: DeploymentPort(
            name=port.name,
            link=f"{_fqdn(deployment)}:{port.external}",
            internal=port.internal,
            external=port.external or port.internal,
            protocol=port.protocol,
        )
        for port in deployment.ports
    }
