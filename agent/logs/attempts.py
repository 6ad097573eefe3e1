"""A store, tried with an end to every attempt."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from .parcel import Delivered, Failed, Outcome, Parcel, Unit


class Store(Protocol):
    """What one kind of log store has to know; `Attempts` makes a sink of it."""

    name: str  # for people: scheme with host and path, never a credential
    unit: Unit
    most_bytes: int  # of one parcel, before compression
    most_seconds: float  # how long a parcel may wait to grow

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        """Send one parcel; may be cancelled at any point, sent again at any time."""
        ...

    def forget(self, parcel: Parcel) -> None:
        """Let go of what was kept for another attempt."""
        ...

    def counters(self) -> dict[str, int]:
        """Return by name how often something was done to what it has."""
        ...

    async def aclose(self) -> None:
        """Give up what is open; bounded."""
        ...


class Attempts:
    """The sink of any store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.name: str = store.name
        self.unit: Unit = store.unit
        self.most_bytes: int = store.most_bytes
        self.most_seconds: float = store.most_seconds

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - the contract's
    ) -> Outcome:
        """Send one parcel in one attempt of *timeout* seconds at most; never raises."""
        try:
            async with asyncio.timeout(timeout):
                outcome = await self.store.send(parcel, labels)
        except TimeoutError:
            return Failed(f"no answer within {timeout:.3g} s")
        if isinstance(outcome, Delivered):
            self.store.forget(parcel)
        return outcome

    def counters(self) -> dict[str, int]:
        """Return what the store counts."""
        return self.store.counters()

    async def aclose(self) -> None:
        """Give up what is open."""
        await self.store.aclose()
