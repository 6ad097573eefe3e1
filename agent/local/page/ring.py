"""A list that forgets its oldest items, yet knows how many those were."""

from collections import deque
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Ring(Generic[T]):
    """The newest items, numbered from 0 on since the beginning.

    Attributes:
        end: the number that the next item gets.
    """

    def __init__(self, most: int) -> None:
        """Keep so many items at most."""
        self._items = deque[T]((), most)
        self.end = 0

    def add(self, item: T) -> None:
        """Add one item; the oldest makes room for it."""
        self._items.append(item)
        self.end += 1

    def since(self, number: int) -> tuple[list[T], int]:
        """Return the items from a number on, with how many of them are already forgotten."""
        first = self.end - len(self._items)
        start = max(number, first)
        return list(islice(self._items, start - first, None)), start - number
