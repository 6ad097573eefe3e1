"""A deployment as the status operation tells it: schema ``V1DeploymentStatus``."""

from datetime import UTC, datetime

from msgspec import UNSET, Struct, UnsetType

from ..deployment import Deployment
from ..ledger import Status
from ..variables import LOCATION, PUBLIC_IP


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
    app_name: str
    app_version: str
    current_status: str
    last_status: str | UnsetType = UNSET
    running: bool
    start_time: str  # required also before READY, so it is then the time of the order
    elapsed_time: int
    max_duration: int
    removal_time: str | UnsetType = UNSET
    error: bool
    error_detail: str | UnsetType = UNSET
    ports: dict[str, DeploymentPort]
    location: dict[str, str | float]
    tags: list[str]
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
    tags: list[str]
    sockets: int | None = None
    sockets_usage: int | None = None
    is_joinable_by_session: bool = False


def describe(deployment: Deployment, tags: list[str]) -> DeploymentStatus:
    """Return what the status operation answers."""
    life, version = deployment.life, deployment.version
    until = life.removed or datetime.now(UTC)
    return DeploymentStatus(
        request_id=deployment.id,
        fqdn=fqdn(deployment.id),
        app_name=version.app,
        app_version=version.name,
        current_status=life.status.value,
        last_status=life.last_status.value if life.last_status else UNSET,
        running=life.status is Status.READY,
        start_time=(life.ready or life.began).isoformat(),
        elapsed_time=int((until - (life.ready or until)).total_seconds()),
        max_duration=version.max_duration,
        removal_time=life.removed.isoformat() if life.removed else UNSET,
        error=life.status is Status.ERROR,
        error_detail=life.error_detail or UNSET,
        ports=_ports(deployment),
        location=dict(LOCATION),
        tags=tags,
        command=" ".join(version.command),
    )


def context(deployment: Deployment, tags: list[str]) -> Context:
    """Return what the context URL answers."""
    return Context(
        request_id=deployment.id,
        status=deployment.status.value,
        ready=deployment.status is Status.READY,
        fqdn=fqdn(deployment.id),
        ports=_ports(deployment),
        location=dict(LOCATION),
        tags=tags,
    )


def fqdn(deployment: str) -> str:
    """Return the name under which the platform makes a deployment known."""
    return f"{deployment}.pr.edgegap.net"


def _ports(deployment: Deployment) -> dict[str, DeploymentPort]:
    return {
        port.name: DeploymentPort(
            name=port.name,
            link=f"{fqdn(deployment.id)}:{port.external}",
            internal=port.internal,
            external=port.external or port.internal,
            protocol=port.protocol,
        )
        for port in deployment.ports
    }
