"""Operations about where deployments can go: one place, this machine."""

from msgspec import Struct

from ..variables import LOCATION, PUBLIC_IP
from . import pages, queries
from .hall import Hall
from .replies import Call, Reply


class Locations(Struct):
    """The answer of ``location-list``."""

    locations: list[dict[str, str | float]]
    messages: list[str]
    total_count: int
    pagination: pages.Pagination


class Beacon(Struct, kw_only=True):
    """Where players measure their way to a place; nothing answers at these ports here."""

    host: str = PUBLIC_IP
    fqdn: str = "localhost"
    location: dict[str, str | float]


class Beacons(Struct):
    """The answer of ``beacon-list``."""

    locations: list[Beacon]
    count: int


async def listed(_hall: Hall, call: Call[None, queries.LocationsPage]) -> Reply:
    """Operation ``location-list``; this machine has room for every version."""
    part = pages.cut([dict(LOCATION)], call.query)
    return Reply(body=Locations(part.items, [], part.total_count, part.pagination))


async def beacons(_hall: Hall, call: Call[None, queries.Page]) -> Reply:
    """Operation ``beacon-list``."""
    part = pages.cut([Beacon(location=dict(LOCATION))], call.query)
    return Reply(body=Beacons(part.items, part.total_count))
