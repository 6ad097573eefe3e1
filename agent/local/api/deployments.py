"""Operations that look at deployments."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType, ValidationError, convert

from agent import clock
from agent.core import durations

from ..ledger import Reported, StatusRead
from . import bodies, filtering, pages, queries
from .deploymentstatus import DeploymentPort
from .dossier import Dossier
from .hall import Hall
from .replies import Call, RefusedError, Reply, missing

_STEP = 30.0  # seconds, where a call names none


class Listed(Struct, kw_only=True):
    """One deployment of a list."""

    request_id: str
    fqdn: str
    ready: bool
    start_time: str
    public_ip: str
    ports: dict[str, DeploymentPort]
    tags: list[str]


class Deployments(Struct):
    """The answer of ``deployment-list``."""

    data: list[Listed]
    message: list[str]
    total_count: int
    pagination: pages.Pagination


class CrashData(Struct, kw_only=True):
    """How the main process ended."""

    exit_code: int
    message: str
    restart_count: int


class Logs(Struct, kw_only=True):
    """The answer of ``deployment-logs-get``."""

    logs: str
    crash_logs: str | None
    crash_data: CrashData | None
    encoding: str = "utf-8"
    logs_link: str | None


async def get(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``deployment-get``."""
    name = call.path["deployment_id"]
    dossier = hall.dossiers.get(name)
    hall.ledger.write(StatusRead(clock.now(), name, "200" if dossier else "404"))
    if dossier is None:
        raise missing("Deployment", name)
    return Reply(body=dossier.status())


async def listed(hall: Hall, call: Call[None, queries.DeploymentsPage]) -> Reply:
    """Operation ``deployment-list``; those that are over are left out."""
    alive = [dossier for dossier in hall.dossiers.values() if not dossier.is_over]
    part = pages.cut(filtering.listed(alive, call.query.query), call.query)
    data = [_brief(dossier) for dossier in part.items]
    return Reply(body=Deployments(data, [], part.total_count, part.pagination))


async def logs(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``deployment-logs-get``; a laptop keeps them without an endpoint storage too."""
    dossier = hall.dossier(call.path["deployment_id"])
    crash = dossier.log.crash
    data = convert(crash, CrashData | None, from_attributes=True)
    answer = Logs(
        logs=dossier.log.text(),
        crash_logs="\n".join(crash.lines) if crash else None,
        crash_data=data,
        logs_link=dossier.logs_link,
    )
    return Reply(body=answer)


async def metrics(hall: Hall, call: Call[None, queries.Span]) -> Reply:
    """Operation ``deployment-metrics-get``."""
    usage = hall.dossier(call.path["deployment_id"]).usage
    begin, end = _time(call.query.start_time), _time(call.query.end_time)
    try:
        step = durations.parse(call.query.steps) if call.query.steps else _STEP
        is_turned = begin is not None and end is not None and end <= begin
        usage.take()
        answer = usage.metrics(begin, end, step)
    except (ValueError, TypeError, OverflowError) as error:
        raise RefusedError(422, f"cannot read the span of the metrics: {error}") from None
    if is_turned:
        raise RefusedError(422, "cannot read the span of the metrics: it ends before it begins")
    return Reply(body=answer)


async def report(hall: Hall, call: Call[bodies.Report, queries.Nothing]) -> Reply:
    """Operation ``deployment-report``; the document knows no 404 here, so a stranger is 400."""
    name = call.path["deployment_id"]
    if name not in hall.dossiers:
        raise RefusedError(400, missing("Deployment", name).args[0])
    hall.ledger.write(Reported(clock.now(), name, call.body.reason))
    return Reply()


async def update(hall: Hall, call: Call[bodies.Joinable, queries.Nothing]) -> Reply:
    """Operation ``deployment-update``; sessions are gone, so it is only remembered."""
    dossier = hall.dossier(call.path["request_id"])
    if isinstance(call.body.is_joinable_by_session, bool):
        dossier.is_joinable = call.body.is_joinable_by_session
    return Reply(body=bodies.Joinable(is_joinable_by_session=dossier.is_joinable))


def _time(text: str | UnsetType) -> datetime | None:
    try:
        return None if text is UNSET else convert(text, datetime)
    except ValidationError as error:
        raise RefusedError(400, f"cannot read the time {text!r}: {error}") from None


def _brief(dossier: Dossier) -> Listed:
    status = dossier.status()
    return Listed(
        request_id=status.request_id,
        fqdn=status.fqdn,
        ready=status.running,
        start_time=status.start_time,
        public_ip=status.public_ip,
        ports=status.ports,
        tags=status.tags,
    )
