"""A store that never gets what must not leave the container."""

import asyncio
from collections.abc import Mapping

from .. import clock
from .attempts import Store
from .parcel import Delivered, Outcome, Parcel, Unit
from .redaction import Redactor, Removed, covered


class Redacting:
    """Any store, behind a redactor; what it counts was delivered."""

    def __init__(self, store: Store, redactor: Redactor) -> None:
        self._store = store
        self._redactor = redactor
        self.name: str = store.name
        self.unit: Unit = store.unit
        self.most_bytes: int = store.most_bytes
        self.most_seconds: float = store.most_seconds
        self.removed = Removed()

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        """Send the parcel without what the redactor takes out."""
        removed = Removed()
        clean = await self._clean(parcel, removed)
        outcome = await self._store.send(clean, labels)
        if isinstance(outcome, Delivered):
            self.removed.redacted += removed.redacted
            self.removed.withheld += removed.withheld
        return outcome

    def forget(self, parcel: Parcel) -> None:
        """Let go of what was kept for another attempt."""
        self._store.forget(parcel)

    async def _clean(self, parcel: Parcel, removed: Removed) -> Parcel:
        """Redact bit by bit: nobody waits for long until the loop goes on."""
        cuts = await asyncio.to_thread(self._redactor.literal, parcel.data)
        for more in self._redactor.matched(parcel.data):
            cuts += more
            await clock.wait(asyncio.Event(), 0)
        return covered(parcel, cuts, removed)

    def counters(self) -> dict[str, int]:
        """Return what was taken out, what the store itself counts."""
        return {**self._store.counters(), **self.removed.counters()}

    async def aclose(self) -> None:
        """Give up what is open."""
        await self._store.aclose()
