"""Operations that stop deployments."""

import hmac
import socket
import struct

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from agent import clock

from ..deployment import Deployment
from ..faults import Fault, Hang, Lost, Refusal, Reset
from ..ledger import SelfStopCalled
from . import bodies, filtering, queries
from .dossier import Dossier
from .hall import Hall
from .replies import Call, Message, RefusedError, Reply, missing

_ACCEPTED = web.HTTPAccepted.status_code
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER with 0 s: closing sends RST


class Stoppable(Struct):
    """One deployment that a bulk stop will stop."""

    request_id: str


class Stopped(Struct):
    """The answer of ``deployment-bulk-delete``."""

    processable: list[Stoppable]


async def stop(hall: Hall, call: Call[None, queries.Stop]) -> Reply:
    """Operation ``deployment-delete``."""
    dossier = hall.dossier(call.path["deployment_id"])
    if dossier.deployment is None or dossier.is_over:
        raise RefusedError(410, f"Deployment {dossier.id} is already terminated")
    _accept(dossier, dossier.deployment, "operator", call.query.container_log_storage)
    return _accepted(dossier.deployment)


async def stop_many(hall: Hall, call: Call[bodies.BulkStop, queries.Nothing]) -> Reply:
    """Operation ``deployment-bulk-delete``."""
    alive = [dossier for dossier in hall.dossiers.values() if not dossier.is_over]
    chosen = filtering.to_stop(alive, call.body.filters)
    for dossier in chosen:
        if dossier.deployment:
            _accept(dossier, dossier.deployment, "operator", UNSET)
    return Reply(_ACCEPTED, Stopped([Stoppable(dossier.id) for dossier in chosen]))


async def self_stop(hall: Hall, call: Call[None, queries.Stop]) -> Reply:
    """Operation ``deployment-self-delete``; what is ordered to go wrong with it does."""
    name, storage = call.path["deployment_id"], call.query.container_log_storage
    dossier = hall.dossiers.get(name)
    if dossier is None or dossier.deployment is None:
        hall.ledger.write(SelfStopCalled(clock.now(), name, "404"))
        raise missing("Deployment", name)
    deployment = dossier.deployment
    if fault := deployment.next_fault():
        deployment.called(_name(fault), storage or None)
        return await _fail(fault, hall, dossier, call)
    reply = _judge(deployment, call)
    deployment.called(str(reply.status), storage or None)
    if reply.status == _ACCEPTED:
        _accept(dossier, deployment, "self-stop", storage)
    return reply


def _accept(dossier: Dossier, deployment: Deployment, by: str, storage: str | UnsetType) -> None:
    if storage and storage.lower() == "false":
        dossier.storage = ""
    elif storage and storage.lower() != "true":
        dossier.storage = storage
    deployment.life.accept_stop(by)


def _accepted(deployment: Deployment) -> Reply:
    return Reply(_ACCEPTED, Message(f"{deployment.id} - Delete request will be processed soon"))


def _judge(deployment: Deployment, call: Call[None, queries.Stop]) -> Reply:
    """Return what a self-stop call deserves; a later one repeats the answer of the first."""
    given = call.request.headers.get("Authorization", "").encode(errors="surrogateescape")
    identity = deployment.identity
    if not given:
        return _refused(401, "Unauthorized: send the raw ARBITRIUM_DELETE_TOKEN")
    if not hmac.compare_digest(given, identity.delete_token.encode()):
        return _refused(403, "Forbidden: this is not the deployment's raw delete token")
    if call.path["stop_key"] != identity.stop_key:
        return _refused(404, "Not found: this is not the deployment's stop key")
    if deployment.over:
        return _refused(404, f"Deployment {deployment.id} is already terminated")
    return _accepted(deployment)


def _refused(status: int, why: str) -> Reply:
    return Reply(status, Message(why))


async def _fail(
    fault: Fault, hall: Hall, dossier: Dossier, call: Call[None, queries.Stop]
) -> Reply:
    if isinstance(fault, Refusal):
        after = fault.retry_after
        headers = {} if after is None else {"Retry-After": str(after)}
        return Reply(fault.status, Message("Fault on demand"), headers)
    if isinstance(fault, Hang):
        await clock.wait(hall.closing, fault.seconds)
    deployment = dossier.deployment
    is_lost = isinstance(fault, Lost) and deployment is not None
    if is_lost and deployment and _judge(deployment, call).status == _ACCEPTED:
        _accept(dossier, deployment, "self-stop", call.query.container_log_storage)
    _cut(call.request)
    return Reply()


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
