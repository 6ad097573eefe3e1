"""What holds for every parcel, whatever a game writes or a name consists of."""

import asyncio
import gzip
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.logs.objectkey import identity
from agent.logs.parcel import SESSION, Delivered, Parcel
from agent.logs.stores import make_sink
from tests.fakes.logstore import Store
from tests.logs.parcels import NOON

NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "Cs", "Cc"]), max_size=12)
SOURCES = st.sampled_from(["stdout", "stderr", "agent"]) | NAMES.map(lambda name: f"file:{name}")
LIFE = st.text(st.characters(max_codepoint=0xFF), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    source=SOURCES,
    data=st.binary(min_size=1, max_size=400),
    start=st.integers(0, 1 << 50),
    labels=st.dictionaries(NAMES.filter(bool), NAMES, max_size=4),
)
def test_every_parcel_is_delivered_with_its_bytes(
    source: str, data: bytes, start: int, labels: dict[str, str]
) -> None:
    async def run() -> None:
        async with Store() as store:
            whole = make_sink(f"s3://a:bcde@logs?endpoint={store.url}", {}, {})
            lines = make_sink(f"{store.url}/in", {}, {})
            parcel = Parcel(source, start, data, ((start, NOON),))
            for sink in (whole, lines):
                assert await sink.deliver(parcel, labels, 30.0) == Delivered()
                await sink.aclose()
        assert gzip.decompress(store.requests[0].body) == data
        for line in gzip.decompress(store.requests[1].body).splitlines():
            assert set(json.loads(line)) >= {"time", "source", "offset", "message"}

    asyncio.run(run())


@given(
    one=st.tuples(SOURCES, LIFE, st.integers(0, 99), st.integers(1, 9)),
    other=st.tuples(SOURCES, LIFE, st.integers(0, 99), st.integers(1, 9)),
)
def test_different_parcels_have_different_names(
    one: tuple[str, str, int, int], other: tuple[str, str, int, int]
) -> None:
    """A name that is there counts as delivered: what shares it would be lost."""
    names = [
        identity(Parcel(source, start, bytes(size), ((start, NOON),)), {SESSION: life})
        for source, life, start, size in (one, other)
    ]
    assert (names[0] == names[1]) == (one == other)
    assert all(name.isascii() and "/../" not in name for name in names)
