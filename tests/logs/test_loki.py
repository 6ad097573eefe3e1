"""Logs in Loki: few streams, nothing twice, nothing thrown away that could be kept."""

from collections.abc import Mapping

import msgspec
import pytest

from agent.errors import SettingsError
from agent.logs.attempts import Attempts
from agent.logs.lines import MOST_BYTES
from agent.logs.loki import Loki as Form
from agent.logs.parcel import SESSION, Delivered, Failed, Outcome, Refused
from agent.logs.push import Push
from agent.logs.records import Style, read
from agent.logs.stores import make_sink
from tests.fakes import lokirules
from tests.fakes.logstore import LOST, Reply, Store
from tests.logs.parcels import NOON, parcel

LABELS = {
    "service.name": "shooter",
    "service.version": "1.4",
    SESSION: "23c01225b99d-7f3a",
    "cloud.region": "Montréal",
    "match.profile": "ranked",
    "match.id": "m-17",
    "player.count": "12",
    "host.name": "edge-17",
}
GAME = {"service_name": "shooter", "service_version": "1.4", "cloud_region": "Montréal"}


def open_push(url: str, style: Style | None = None) -> Attempts:
    sink = make_sink(url, {}, {}, style or Style())
    assert isinstance(sink, Attempts)
    assert isinstance(sink.store, Push)
    return sink


async def push(
    store: Store, data: bytes, query: str = "", labels: Mapping[str, str] = LABELS
) -> Outcome:
    sink = open_push(f"{store.url}?format=loki{query}")
    try:
        return await sink.deliver(parcel(data), labels, 20)
    finally:
        await sink.aclose()


async def test_lines_arrive_with_labels_of_few_values_and_the_rest_as_metadata() -> None:
    loki = lokirules.Loki()
    async with Store(usually=loki.answer) as store:
        assert await push(store, b"one\nWARN two\n") == Delivered()
    ((labels, entries),) = loki.streams.items()
    assert dict(labels) == {**GAME, "match_profile": "ranked", "source": "stdout"}
    shared = {
        "service_instance_id": "23c01225b99d-7f3a",
        "match_id": "m-17",
        "player_count": "12",
        "host_name": "edge-17",
    }
    assert entries == {
        (NOON, "one"): {**shared, "offset": "0"},
        (NOON + 4, "WARN two"): {**shared, "offset": "4", "level": "warn"},
    }


async def test_operator_chooses_the_labels() -> None:
    loki = lokirules.Loki()
    async with Store(usually=loki.answer) as store:
        await push(store, b"x\n", "&labels=host.name,match.id")
    (labels,) = loki.streams
    assert dict(labels) == {
        "service_name": "game-server", "host_name": "edge-17", "match_id": "m-17",
        "source": "stdout",
    }  # fmt: skip


async def test_labels_of_any_kind_are_made_fit() -> None:
    odd = {"1st": "x", "größe": "y", "stray": "\udcff", "long": "é" * 3000}
    odd |= {f"label.{letter}": "z" for letter in "abcdefghijklmnop"}
    loki = lokirules.Loki()
    async with Store(usually=loki.answer) as store:
        assert await push(store, b"x\n", labels=odd) == Delivered()
    ((labels, entries),) = loki.streams.items()
    assert len(labels) == 15
    assert {"_1st": "x", "gr__e": "y", "stray": "?"}.items() <= dict(labels).items()
    assert sum("label_" in name for metadata in entries.values() for name in metadata) > 0


async def test_equal_lines_of_one_moment_all_arrive() -> None:
    """Loki takes two equal lines of one nanosecond for one."""
    loki = lokirules.Loki()
    async with Store(usually=loki.answer) as store:
        await push(store, b"tick\n" * 1000)
    assert [len(entries) for entries in loki.streams.values()] == [1000]


async def test_repeat_after_a_lost_acknowledgement_adds_nothing() -> None:
    loki = lokirules.Loki()
    async with Store(LOST, usually=loki.answer) as store:
        sink = open_push(f"{store.url}?format=loki")
        assert isinstance(await sink.deliver(parcel(), LABELS, 20), Failed)
        assert sink.counters()["records"] == 0
        assert await sink.deliver(parcel(), LABELS, 20) == Delivered()
        assert sink.counters()["records"] == 2
        await sink.aclose()
        assert len(store.requests) == 2
    assert [len(entries) for entries in loki.streams.values()] == [2]


async def test_what_loki_ignores_is_counted_the_rest_is_in() -> None:
    loki = lokirules.Loki(oldest=NOON + 1)
    async with Store(usually=loki.answer) as store:
        assert await push(store, b"old\nnew\nnewer\n") == Delivered(rejected=1)
    assert [len(entries) for entries in loki.streams.values()] == [2]


async def test_loki_without_metadata_is_asked_again_until_the_url_says_so() -> None:
    loki = lokirules.Loki(takes_metadata=False)
    async with Store(usually=loki.answer) as store:
        outcome = await push(store, b"x\n")
        assert isinstance(outcome, Refused)
        assert "structured metadata" in outcome.detail
        assert await push(store, b"x\n", "&metadata=0") == Delivered()


async def test_longest_line_fits() -> None:
    loki = lokirules.Loki()
    async with Store(usually=loki.answer) as store:
        assert await push(store, "é".encode() * MOST_BYTES + b"\n") == Delivered()
    (entries,) = loki.streams.values()
    assert [meta.get("truncated") for meta in entries.values()] == ["true", None]
    assert [meta.get("continuation") for meta in entries.values()] == [None, "true"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_loki_issue_915_an_outage_of_seconds_loses_nothing(status: int) -> None:
    """Promtail dropped batches after a 1.5 s outage."""
    async with Store(Reply(status, (("retry-after", "7"),), b"too many")) as store:
        assert await push(store, b"x\n") == Failed(f"{status} too many", 7.0)


async def test_loki_issue_11593_a_404_of_an_ingress_is_no_reason_to_drop() -> None:
    async with Store(usually=lokirules.Loki().answer) as store:
        sink = open_push(f"{store.url}/nowhere?format=loki")
        assert await sink.deliver(parcel(), LABELS, 20) == Refused("404 404 page not found")
        await sink.aclose()


async def test_bytes_that_a_store_never_takes_are_not_in_the_way_for_ever() -> None:
    """A 400 is the address's fault until something was taken, then these bytes' own."""
    async with Store(Reply(400, body=b"no"), Reply(204), Reply(400, body=b"no")) as store:
        sink = open_push(f"{store.url}?format=loki")
        assert await sink.deliver(parcel(), LABELS, 20) == Refused("400 no")
        assert await sink.deliver(parcel(), LABELS, 20) == Delivered()
        assert await sink.deliver(parcel(start=99), LABELS, 20) == Delivered(rejected=2)
        await sink.aclose()


async def test_credentials_and_tenant_go_along_unshown() -> None:
    async with Store() as store:
        url = store.url.replace("://", "://me:p%40ss@")
        sink = open_push(f"{url}?format=loki&header.X-Scope-OrgID=studio")
        await sink.deliver(parcel(), LABELS, 20)
        await sink.aclose()
        (sent,) = store.requests
    assert sent.headers["authorization"] == "Basic bWU6cEBzcw=="
    assert sent.headers["x-scope-orgid"] == "studio"
    assert sent.target == "/loki/api/v1/push"
    assert "p@ss" not in sink.name
    assert "p%40ss" not in sink.name


def test_category_is_metadata() -> None:
    records = read(parcel(b"LogNet: Error: x\n"), Style(preset="unreal")).records
    body = Form().encode(parcel(), records, {})
    assert b'{"offset":"0","level":"error","category":"LogNet"}' in body
    assert msgspec.json.decode(body)["streams"][0]["stream"] == {
        "service_name": "game-server",
        "source": "stdout",
    }


def test_bad_option_is_refused() -> None:
    with pytest.raises(SettingsError, match="metadata is a switch"):
        make_sink("http://loki:3100?format=loki&metadata=maybe", {}, {})
