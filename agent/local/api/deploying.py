"""The operation that makes a deployment."""

import re
import shlex
from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from .. import image
from ..variables import free_port
from ..version import Port, RestartPolicy
from ..version import Version as LocalVersion
from . import bodies, queries, records
from .deploymentstatus import fqdn
from .hall import Hall
from .replies import Call, RefusedError, Reply, missing

_LONGEST_TAG = 40  # characters: schema DeploymentTag
_GRACE = 5  # seconds: the document states no default, its example is 5


class Deployed(Struct, kw_only=True):
    """The answer of ``deployment-create``."""

    request_id: str
    request_dns: str
    request_app: str
    request_version: str
    request_user_count: int
    filters: list[bodies.LocationFilter]
    tags: list[str]
    container_log_storage: bodies.LogStorage | UnsetType


async def create(hall: Hall, call: Call[bodies.Order, queries.Nothing]) -> Reply:
    """Operation ``deployment-create``."""
    order = call.body
    version = _chosen(hall, order)
    _check(order)
    dossier = await hall.start(_local(hall, order, version))
    dossier.storage = _storage(order, version)
    dossier.webhook = order.webhook_url or ""
    return Reply(
        body=Deployed(
            request_id=dossier.id,
            request_dns=fqdn(dossier.id),
            request_app=order.app_name,
            request_version=version.name,
            request_user_count=max(1, len(order.ip_list) + len(order.geo_ip_list)),
            filters=order.filters,
            tags=order.tags,
            container_log_storage=order.container_log_storage,
        )
    )


def _chosen(hall: Hall, order: bodies.Order) -> records.Version:
    """Return the version that was ordered: the newest one if none is named."""
    app = hall.app(order.app_name)
    if isinstance(order.version_name, str):
        version = hall.version(order.app_name, order.version_name)
    elif versions := hall.store.versions.all(order.app_name):
        version = versions[-1]
    else:
        raise missing("Version of app", order.app_name)
    if not (app.is_active and version.is_active):
        raise RefusedError(409, f"cannot deploy {app.name}/{version.name}: it is not active")
    return version


def _check(order: bodies.Order) -> None:
    if order.ip_list and order.geo_ip_list:
        raise RefusedError(400, "cannot deploy: ip_list, geo_ip_list exclude each other")
    if any(not 1 <= len(tag) <= _LONGEST_TAG for tag in order.tags):
        raise RefusedError(422, f"cannot deploy: a tag has 1 to {_LONGEST_TAG} characters")


def _local(hall: Hall, order: bodies.Order, version: records.Version) -> LocalVersion:
    grace = version.termination_grace_period_seconds
    return LocalVersion(
        app=order.app_name,
        name=version.name,
        command=_command(hall, order, version),
        env={
            "PATH": image.search_path(),
            "AGENT_PORT": str(free_port("TCP")),  # containers share this machine's loopback
            **_environment(version.envs or []),
            **_environment(order.env_vars),
        },
        ports=[_port(port) for port in version.ports or []],
        tags=list(dict.fromkeys(order.tags)),
        grace=float(grace or _GRACE),
        restart_policy=RestartPolicy(version.restart_policy),
        max_duration=version.max_duration,
    )


def _command(hall: Hall, order: bodies.Order, version: records.Version) -> Sequence[str]:
    """Return the container's command: the ordered one, else the version's, behind the agent."""
    command = order.command or version.command or ""
    arguments = order.arguments or version.arguments or ""
    try:
        words = [*shlex.split(command), *shlex.split(arguments)]
    except ValueError as error:
        raise RefusedError(422, f"cannot read the command line: {error}") from None
    if "\0" in command + arguments:
        raise RefusedError(422, "cannot run a command line with a NUL in it")
    if not words:
        reference = f"{version.docker_repository}/{version.docker_image}:{version.docker_tag}"
        return [reference.replace("\0", "")]  # no such file, so the deployment comes to ERROR
    return hall.entrypoint(*words)


def _environment(variables: Sequence[bodies.Variable]) -> dict[str, str]:
    """Return them with sanitized names, as the platform has them."""
    return {
        re.sub("[^A-Za-z0-9_]", "_", variable.key): variable.value.replace("\0", "")
        for variable in variables
        if variable.key
    }


def _port(port: bodies.Port) -> Port:
    name = port.name or str(port.port)
    return Port(name=name, internal=port.port, protocol=port.protocol, to_check=_is_checked(port))


def _is_checked(port: bodies.Port) -> bool:
    """Return whether READY waits for it; UDP cannot be connected to."""
    return port.to_check and port.protocol.upper() in {"TCP", "HTTP", "HTTPS", "WS", "WSS"}


def _storage(order: bodies.Order, version: records.Version) -> str:
    """Return where the log goes: the order's word counts before the version's."""
    if order.container_log_storage is not UNSET:
        wanted = order.container_log_storage
        return wanted.endpoint_storage if wanted.enabled else ""
    return version.endpoint_storage or ""
