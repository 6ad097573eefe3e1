"""Operations on apps."""

from msgspec import Struct, structs

from . import bodies, pages, queries
from .changes import applied
from .hall import Hall
from .records import App
from .replies import Call, RefusedError, Reply, missing, stamp


class Apps(Struct):
    """The answer of ``application-list``."""

    applications: list[App]
    total_count: int
    pagination: pages.Pagination


async def create(hall: Hall, call: Call[bodies.NewApp, queries.Nothing]) -> Reply:
    """Operation ``application-create``."""
    app = App(**structs.asdict(call.body), create_time=stamp(), last_updated=stamp())
    if not hall.store.apps.add(app, app.name):
        raise _taken(app.name)
    return Reply(body=app)


async def get(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``application-get``."""
    return Reply(body=hall.app(call.path["app_name"]))


async def update(hall: Hall, call: Call[bodies.AppChange, queries.Nothing]) -> Reply:
    """Operation ``application-update``."""
    name = call.path["app_name"]
    app = applied(hall.app(name), call.body)
    if not hall.store.apps.change(app, name, name=app.name):
        raise _taken(app.name)
    return Reply(body=app)


async def delete(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``application-delete``; its versions go with it."""
    name = call.path["app_name"]
    if not hall.store.apps.remove(name):
        raise missing("App", name)
    return Reply()


async def listed(hall: Hall, call: Call[None, queries.Page]) -> Reply:
    """Operation ``application-list``."""
    part = pages.cut(hall.store.apps.all(), call.query)
    return Reply(body=Apps(part.items, part.total_count, part.pagination))


def _taken(name: str) -> RefusedError:
    return RefusedError(409, f"cannot name an app {name}: there is one; choose another name")
