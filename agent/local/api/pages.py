"""Lists, page by page: schema ``PaginatedResponse``."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from .queries import Page

T = TypeVar("T")


class Paginator(Struct):
    """How many pages there are."""

    num_pages: int


class Pagination(Struct, kw_only=True):
    """Where a page stands among the others."""

    number: int
    next_page_number: int | None
    previous_page_number: int | None
    paginator: Paginator
    has_next: bool
    has_previous: bool


class Part(Struct, Generic[T]):
    """One page's items."""

    items: list[T]
    total_count: int
    pagination: Pagination


def cut(items: Sequence[T], page: Page) -> Part[T]:
    """Return the part of *items* that was asked for; a page past the last one is empty."""
    last = max(1, -(-len(items) // page.limit))
    begin = (page.page - 1) * page.limit
    pagination = Pagination(
        number=page.page,
        next_page_number=page.page + 1 if page.page < last else None,
        previous_page_number=min(page.page - 1, last) or None,
        paginator=Paginator(last),
        has_next=page.page < last,
        has_previous=page.page > 1,
    )
    return Part(list(items[begin : begin + page.limit]), len(items), pagination)
