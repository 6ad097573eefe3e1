"""A sink that never gets what must not leave the container."""

import asyncio
from collections.abc import Mapping

from .. import clock
from .parcel import Delivered, Outcome, Parcel, Sink, Unit
from .redaction import Redactor, Removed, covered


class Redacting:
    """Any sink, behind a redactor; what it counts was delivered."""

    def __init__(self, sink: Sink, redactor: Redactor) -> None:
        self._sink = sink
        self._redactor = redactor
        self.name: str = sink.name
        self.unit: Unit = sink.unit
        self.most_bytes: int = sink.most_bytes
        self.most_seconds: float = sink.most_seconds
        self.removed = Removed()

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - the contract's
    ) -> Outcome:
        """Send the parcel without what the redactor takes out."""
        begun = clock.now()
        removed = Removed()
        clean = await self._clean(parcel, removed)
        left = max(0.0, timeout - (clock.now() - begun))
        outcome = await self._sink.deliver(clean, labels, left)
        if isinstance(outcome, Delivered):
            self.removed.redacted += removed.redacted
            self.removed.withheld += removed.withheld
        return outcome

    async def _clean(self, parcel: Parcel, removed: Removed) -> Parcel:
        """Redact bit by bit: nobody waits for long until the loop goes on."""
        cuts = await asyncio.to_thread(self._redactor.literal, parcel.data)
        for more in self._redactor.matched(parcel.data):
            cuts += more
            await clock.wait(asyncio.Event(), 0)
        return covered(parcel, cuts, removed)

    def counters(self) -> dict[str, int]:
        """Return what was taken out, what the sink itself counts."""
        return {**self._sink.counters(), **self.removed.counters()}

    async def aclose(self) -> None:
        """Give up what is open."""
        await self._sink.aclose()
