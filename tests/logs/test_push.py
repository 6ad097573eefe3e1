"""What every sink of whole lines has: options, limits, what a failed attempt leaves."""

from collections.abc import Mapping, Sequence

import pytest

from agent.errors import SettingsError
from agent.logs import address
from agent.logs.attempts import Attempts
from agent.logs.exchange import Answer
from agent.logs.parcel import Delivered, Failed, Parcel, Refused
from agent.logs.push import OPTIONS, Push
from agent.logs.records import Record, Style
from tests.fakes.logstore import RESET, Reply, Store
from tests.logs.parcels import LABELS, parcel


class Count:
    """The simplest form; counts how often it was asked."""

    content_type = "text/x-lines"
    path = "/in"
    retried = frozenset({503})

    def __init__(self) -> None:
        self.encoded = 0

    def encode(
        self, parcel: Parcel, records: Sequence[Record], labels: Mapping[str, str]
    ) -> bytes:
        del parcel, labels
        self.encoded += 1
        return "|".join(record.text for record in records).encode()

    def rejected(self, answer: Answer, count: int) -> int | None:
        del answer, count
        return None


def open_push(url: str, form: Count | None = None) -> Attempts:
    return Attempts(Push(address.parse(url, OPTIONS), form or Count(), Style()))


async def test_repeat_is_the_same_request_made_once() -> None:
    form = Count()
    async with Store(RESET, Reply(503), Reply(200)) as store:
        sink = open_push(store.url, form)
        outcomes = [await sink.deliver(parcel(), LABELS, 20) for _ in range(3)]
        await sink.aclose()
        assert [type(outcome) for outcome in outcomes] == [Failed, Failed, Delivered]
        assert {sent.text for sent in store.requests} == {b"one|two"}
        assert len({sent.headers["idempotency-key"] for sent in store.requests}) == 1
    assert form.encoded == 1
    assert sink.counters()["records"] == 2


async def test_plain_text_where_a_store_wants_that() -> None:
    async with Store() as store:
        sink = open_push(f"{store.url}?compress=none")
        await sink.deliver(parcel(), LABELS, 20)
        await sink.aclose()
        (sent,) = store.requests
    assert sent.body == b"one|two"
    assert "content-encoding" not in sent.headers
    assert (sent.target, sent.headers["content-type"]) == ("/in", "text/x-lines")


async def test_too_large_a_request_says_how_to_make_it_smaller() -> None:
    async with Store(Reply(413, body=b"no")) as store:
        sink = open_push(f"{store.url}?batch=512k")
        assert sink.most_bytes == 512 * 1024
        outcome = await sink.deliver(parcel(), LABELS, 20)
        await sink.aclose()
    assert isinstance(outcome, Refused)
    assert outcome.detail.startswith("413 no; add batch=128")


@pytest.mark.parametrize(("batch", "fix"), [("1k", "a line has no room"), ("much", "batch: ")])
def test_batch_that_cannot_be_is_refused(batch: str, fix: str) -> None:
    with pytest.raises(SettingsError, match=fix):
        open_push(f"http://host/?batch={batch}")
