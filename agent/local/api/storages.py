"""Operations on endpoint storages."""

from msgspec import Struct, convert, structs

from . import bodies, pages, queries, records
from .changes import applied
from .hall import Hall
from .replies import Call, RefusedError, Reply, missing, stamp


class Storage(Struct, kw_only=True):
    """Schema ``EndpointStorage``."""

    name: str
    access_key_id: str
    endpoint: str
    bucket: str
    output_format: bodies.Format
    create_time: str
    last_updated: str


class Storages(Struct):
    """The answer of ``endpoints-list``."""

    endpoints: list[Storage]
    total_count: int
    pagination: pages.Pagination


async def create(hall: Hall, call: Call[bodies.NewStorage, queries.Nothing]) -> Reply:
    """Operation ``endpoint-create``; a name that is taken is 400, the document has no 409."""
    now = stamp()
    storage = records.Storage(**structs.asdict(call.body), create_time=now, last_updated=now)
    if not hall.store.storages.add(storage, storage.name):
        raise _taken(storage.name)
    return Reply(body=_shown(storage))


async def get(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``endpoint-get``."""
    return Reply(body=_shown(hall.storage(call.path["endpoint_name"])))


async def update(hall: Hall, call: Call[bodies.StorageChange, queries.Nothing]) -> Reply:
    """Operation ``endpoint-update``."""
    name = call.path["endpoint_name"]
    storage = applied(hall.storage(name), call.body)
    if not hall.store.storages.change(storage, name, name=storage.name):
        raise _taken(storage.name)
    return Reply(body=_shown(storage))


async def delete(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``endpoint-delete``; its pull profiles go with it."""
    name = call.path["endpoint_name"]
    if not hall.store.storages.remove(name):
        raise missing("Endpoint storage", name)
    return Reply(204)


async def listed(hall: Hall, call: Call[None, queries.Page]) -> Reply:
    """Operation ``endpoints-list``."""
    part = pages.cut([_shown(s) for s in hall.store.storages.all()], call.query)
    return Reply(body=Storages(part.items, part.total_count, part.pagination))


def _shown(storage: records.Storage) -> Storage:
    """Return it without its secret key."""
    return convert(storage, Storage, from_attributes=True)


def _taken(name: str) -> RefusedError:
    return RefusedError(400, f"cannot name a storage {name}: there is one; choose another name")
