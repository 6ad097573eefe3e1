"""Operations on pull profiles, which bring files into a container before its start."""

from msgspec import Struct, structs

from . import bodies, pages, queries
from .changes import applied
from .hall import Hall
from .records import Link, Profile
from .replies import Call, RefusedError, Reply, missing, stamp


class Profiles(Struct):
    """The answer of ``pull-profile-list``."""

    pull_profiles: list[Profile]
    total_count: int
    pagination: pages.Pagination


async def create(hall: Hall, call: Call[bodies.NewProfile, queries.Nothing]) -> Reply:
    """Operation ``pull-profile-create``; a name that is taken is 400, there is no 409."""
    storage = call.path["endpoint_name"]
    hall.storage(storage)
    now = stamp()
    profile = Profile(**structs.asdict(call.body), create_time=now, last_updated=now)
    if not hall.store.profiles.add(profile, storage, profile.name):
        raise _taken(profile.name)
    return Reply(body=profile)


async def get(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``pull-profile-get``."""
    return Reply(body=hall.profile(*_names(call)))


async def update(hall: Hall, call: Call[bodies.ProfileChange, queries.Nothing]) -> Reply:
    """Operation ``pull-profile-update``."""
    storage, name = _names(call)
    profile = applied(hall.profile(storage, name), call.body)
    if not hall.store.profiles.change(profile, storage, name, name=profile.name):
        raise _taken(profile.name)
    return Reply(body=profile)


async def delete(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``pull-profile-delete``; its links go with it."""
    hall.profile(*_names(call))
    hall.store.profiles.remove(*_names(call))
    return Reply(204)


async def listed(hall: Hall, call: Call[None, queries.Page]) -> Reply:
    """Operation ``pull-profile-list``; the document gives it no parameters for its pages."""
    storage = call.path["endpoint_name"]
    hall.storage(storage)
    part = pages.cut(hall.store.profiles.all(storage), call.query)
    return Reply(body=Profiles(part.items, part.total_count, part.pagination))


async def link(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``pull-profile-link-app-version``; a link that is there stays as it is."""
    key = _link_key(hall, call)
    storage, profile, app, version = key
    new = Link(
        app=app,
        app_version=version,
        endpoint=storage,
        pull_profile=profile,
        create_time=stamp(),
        last_updated=stamp(),
    )
    hall.store.links.add(new, *key)
    return Reply(body=hall.store.links.get(*key))


async def unlink(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``pull-profile-unlink-app-version``."""
    key = _link_key(hall, call)
    if not hall.store.links.remove(*key):
        raise missing("Link", *key)
    return Reply(204)


def _names(call: Call[object, queries.Nothing]) -> tuple[str, str]:
    return call.path["endpoint_name"], call.path["pull_profile_name"]


def _link_key(hall: Hall, call: Call[object, queries.Nothing]) -> tuple[str, str, str, str]:
    storage, profile = _names(call)
    app, version = call.path["app_name"], call.path["version_name"]
    hall.profile(storage, profile)
    hall.version(app, version)
    return storage, profile, app, version


def _taken(name: str) -> RefusedError:
    return RefusedError(400, f"cannot name a profile {name}: there is one; choose another name")
