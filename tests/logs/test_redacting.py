"""No sink ever gets what must not leave the container."""

import asyncio
from collections.abc import Mapping

from agent import clock
from agent.logs.parcel import Delivered, Failed, Outcome, Parcel, Sink, Unit
from agent.logs.redacting import Redacting
from agent.logs.redaction import Redactor, compiled
from tests.logs.parcels import LABELS, parcel


class Basket:
    """A sink that keeps what it gets, with scripted outcomes."""

    name = "basket"
    unit = Unit.SEGMENT
    most_bytes = 7
    most_seconds = 8.0

    def __init__(self, *script: Outcome) -> None:
        self.got: list[tuple[bytes, Mapping[str, str], float]] = []
        self.is_closed = False
        self._script = list(script)

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - the contract's
    ) -> Outcome:
        self.got.append((parcel.data, labels, timeout))
        return self._script.pop(0) if self._script else Delivered()

    def counters(self) -> dict[str, int]:
        return {"records": len(self.got)}

    async def aclose(self) -> None:
        self.is_closed = True


async def test_sink_gets_everything_but_the_secret() -> None:
    basket = Basket()
    sink: Sink = Redacting(basket, Redactor.of(["hunter2"]))
    assert await sink.deliver(parcel(b"it is hunter2\n"), LABELS, 3.0) == Delivered()
    ((data, labels, timeout),) = basket.got
    assert (data, labels) == (b"it is *******\n", LABELS)
    assert 0 < timeout <= 3.0  # what redaction took is gone


async def test_loop_goes_on_while_a_large_parcel_is_searched() -> None:
    turns = 0

    async def live() -> None:
        nonlocal turns
        while True:
            turns += 1
            await clock.wait(asyncio.Event(), 0)

    basket = Basket()
    sink = Redacting(basket, Redactor.of([], compiled(["key=(\\w+)"])))
    alive = asyncio.create_task(live())
    assert (
        await sink.deliver(parcel(b"a line with key=value\n" * 60_000), LABELS, 60) == Delivered()
    )
    alive.cancel()
    assert turns > 5
    assert b"value" not in basket.got[0][0]


async def test_only_what_was_delivered_counts() -> None:
    sink = Redacting(Basket(Failed("busy")), Redactor.of(["hunter2"]))
    for counted in (0, 1):
        await sink.deliver(parcel(b"hunter2\n"), {}, 1.0)
        assert sink.counters() == {"records": counted + 1, "redacted": counted, "withheld": 0}


async def test_it_is_like_the_sink_behind_it() -> None:
    basket = Basket()
    sink = Redacting(basket, Redactor())
    assert (sink.name, sink.unit, sink.most_bytes, sink.most_seconds) == (
        "basket", Unit.SEGMENT, 7, 8.0,
    )  # fmt: skip
    await sink.aclose()
    assert basket.is_closed
