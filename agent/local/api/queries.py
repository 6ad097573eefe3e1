"""What callers may put into the query."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

PAGE_SIZE = 20  # the document's example; it states no default

Natural = Annotated[int, Meta(ge=1)]


class Nothing(Struct):
    """No parameter that is known."""


class Page(Struct, kw_only=True):
    """Which part of a list."""

    page: Natural = 1
    limit: Natural = PAGE_SIZE


class DeploymentsPage(Page, kw_only=True):
    """Which part of the deployments, by which filter."""

    query: str = ""


class LocationsPage(Page, kw_only=True):
    """Which part of the locations, for which version."""

    app: str = ""
    version: str = ""


class Stop(Struct, kw_only=True):
    """What becomes of the logs at a stop.

    Attributes:
        container_log_storage: true, false, or the storage to use in place of the configured one.
    """

    container_log_storage: str | UnsetType = UNSET


class Span(Struct, kw_only=True):
    """Which metrics; times as RFC 3339 writes them."""

    start_time: str | UnsetType = UNSET
    end_time: str | UnsetType = UNSET
    steps: str = ""
    raw: bool = False
