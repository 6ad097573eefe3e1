"""Operations on a deployment's tags; its injected variables keep what they were."""

from msgspec import Struct

from . import bodies, pages, queries
from .changes import applied
from .dossier import Dossier
from .hall import Hall
from .records import Tag
from .replies import Call, RefusedError, Reply, missing


class Tags(Struct):
    """The answer of ``deployment-tag-list``."""

    tags: list[Tag]
    total_count: int
    pagination: pages.Pagination


async def create(hall: Hall, call: Call[bodies.Tag, queries.Nothing]) -> Reply:
    """Operation ``deployment-tag-create``."""
    dossier, name = hall.dossier(call.path["deployment_id"]), call.body.name
    if name in dossier.tags:
        raise _taken(name)
    dossier.add_tags([name])
    return Reply(body=dossier.tags[name])


async def get(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``deployment-tag-get``."""
    dossier, name = _find(hall, call)
    return Reply(body=dossier.tags[name])


async def update(hall: Hall, call: Call[bodies.Tag, queries.Nothing]) -> Reply:
    """Operation ``deployment-tag-update``."""
    dossier, old = _find(hall, call)
    new = call.body.name
    if new != old and new in dossier.tags:
        raise _taken(new)
    dossier.tags[new] = applied(dossier.tags.pop(old), call.body)
    return Reply(body=dossier.tags[new])


async def delete(hall: Hall, call: Call[None, queries.Nothing]) -> Reply:
    """Operation ``deployment-tag-delete``."""
    dossier, name = _find(hall, call)
    del dossier.tags[name]
    return Reply(204)


async def listed(hall: Hall, call: Call[None, queries.Page]) -> Reply:
    """Operation ``deployment-tag-list``."""
    tags = hall.dossier(call.path["deployment_id"]).tags
    part = pages.cut(list(tags.values()), call.query)
    return Reply(body=Tags(part.items, part.total_count, part.pagination))


def _find(hall: Hall, call: Call[object, queries.Nothing]) -> tuple[Dossier, str]:
    dossier, name = hall.dossier(call.path["deployment_id"]), call.path["tag_name"]
    if name not in dossier.tags:
        raise missing("Tag", name)
    return dossier, name


def _taken(name: str) -> RefusedError:
    return RefusedError(409, f"cannot tag with {name}: the deployment has that tag")
