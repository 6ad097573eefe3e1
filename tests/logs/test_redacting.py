"""No store ever gets what must not leave the container."""

import asyncio
from collections.abc import Mapping

from agent import clock
from agent.logs.attempts import Store
from agent.logs.parcel import Delivered, Failed, Outcome, Parcel, Unit
from agent.logs.redacting import Redacting
from agent.logs.redaction import Redactor, compiled
from tests.logs.parcels import LABELS, parcel


class Basket:
    """A store that keeps what it gets, with scripted outcomes."""

    name = "basket"
    unit = Unit.SEGMENT
    most_bytes = 7
    most_seconds = 8.0

    def __init__(self, *script: Outcome) -> None:
        self.got: list[tuple[bytes, Mapping[str, str]]] = []
        self.forgotten: list[Parcel] = []
        self.is_closed = False
        self._script = list(script)

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        self.got.append((parcel.data, labels))
        return self._script.pop(0) if self._script else Delivered()

    def forget(self, parcel: Parcel) -> None:
        self.forgotten.append(parcel)

    def counters(self) -> dict[str, int]:
        return {"records": len(self.got)}

    async def aclose(self) -> None:
        self.is_closed = True


async def test_store_gets_everything_but_the_secret() -> None:
    basket = Basket()
    store: Store = Redacting(basket, Redactor.of(["hunter2"]))
    assert await store.send(parcel(b"it is hunter2\n"), LABELS) == Delivered()
    assert basket.got == [(b"it is *******\n", LABELS)]


async def test_loop_goes_on_while_a_large_parcel_is_searched() -> None:
    turns = 0

    async def live() -> None:
        nonlocal turns
        while True:
            turns += 1
            await clock.wait(asyncio.Event(), 0)

    basket = Basket()
    store = Redacting(basket, Redactor.of([], compiled(["key=(\\w+)"])))
    alive = asyncio.create_task(live())
    assert await store.send(parcel(b"a line with key=value\n" * 60_000), LABELS) == Delivered()
    alive.cancel()
    assert turns > 5
    assert b"value" not in basket.got[0][0]


async def test_only_what_was_delivered_counts() -> None:
    store = Redacting(Basket(Failed("busy")), Redactor.of(["hunter2"]))
    for counted in (0, 1):
        await store.send(parcel(b"hunter2\n"), {})
        assert store.counters() == {"records": counted + 1, "redacted": counted, "withheld": 0}


async def test_it_is_like_the_store_behind_it() -> None:
    basket = Basket()
    store = Redacting(basket, Redactor())
    assert (store.name, store.unit, store.most_bytes, store.most_seconds) == (
        "basket", Unit.SEGMENT, 7, 8.0,
    )  # fmt: skip
    store.forget(parcel())
    await store.aclose()
    assert basket.forgotten == [parcel()]
    assert basket.is_closed
