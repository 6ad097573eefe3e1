"""Operations on app versions."""

from msgspec import UNSET, Struct, UnsetType, structs

from . import bodies, pages, queries
from .changes import applied
from .hall import Hall
from .records import Version
from .replies import Call, RefusedError, Reply, stamp


class Done(Struct):
    """The answer of what creates, changes or deletes a version."""

    success: bool
    version: Version | UnsetType = UNSET


class Versions(Struct):
    """The answer of ``app-version-list``."""

    versions: list[Version]
    total_count: int
    pagination: pages.Pagination


async def create(hall: Hall, call: Call[bodies.NewVersion, queries.Nothing]) -> Reply:
    """Operation ``app-version-create``."""
    app = call.path["app_name"]
    hall.app(app)
    given = {name: v for name, v in structs.asdict(call.body).items() if v is not UNSET}
    version = _checked(Version(**given, create_time=stamp(), last_updated=stamp()))
    if not hall.store.versions.add(version, app, version.name):
        raise RefusedError(409, _taken(version.name))
    return Reply(body=Done(success=True, version=_shown(version)))


async def get(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``app-version-get``."""
    return Reply(body=_shown(hall.version(call.path["app_name"], call.path["version_name"])))


async def update(hall: Hall, call: Call[bodies.VersionChange, queries.Nothing]) -> Reply:
    """Operation ``app-version-update``; a name that is taken is 400, the document has no 409."""
    app, name = call.path["app_name"], call.path["version_name"]
    version = _checked(applied(hall.version(app, name), call.body))
    if not hall.store.versions.change(version, app, name, name=version.name):
        raise RefusedError(400, _taken(version.name))
    return Reply(body=Done(success=True, version=_shown(version)))


async def delete(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``app-version-delete``."""
    app, name = call.path["app_name"], call.path["version_name"]
    hall.version(app, name)
    hall.store.versions.remove(app, name)
    return Reply(body=Done(success=True))


async def listed(hall: Hall, call: Call[None, queries.Page]) -> Reply:
    """Operation ``app-version-list``; the document gives it no parameters for its pages."""
    app = call.path["app_name"]
    hall.app(app)
    part = pages.cut([_shown(v) for v in hall.store.versions.all(app)], call.query)
    return Reply(body=Versions(part.items, part.total_count, part.pagination))


def _checked(version: Version) -> Version:
    if version.req_memory > 2 * version.req_cpu:
        why = f"req_memory {version.req_memory} is more than double req_cpu {version.req_cpu}"
        raise RefusedError(400, f"cannot take the version: {why}; raise req_cpu")
    return version


def _shown(version: Version) -> Version:
    """Return it without secrets: a hidden variable's value, the registry's token."""
    envs = version.envs
    if envs is not UNSET:
        envs = [structs.replace(v, value="") if v.is_hidden else v for v in envs]
    return structs.replace(version, envs=envs, private_token=UNSET)


def _taken(name: str) -> str:
    return f"cannot name a version {name}: there is one; choose another name"
