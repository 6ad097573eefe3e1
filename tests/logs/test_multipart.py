"""Large objects in parts, against a bucket by the rules of S3's documents."""

import asyncio
import hashlib
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.logs.multipart import PART_BYTES, WHOLE_BYTES
from agent.logs.parcel import Delivered, Failed, Refused, Sink
from agent.logs.stores import make_sink
from tests.fakes.logstore import HANG, LOST, RESET, Reply, Sent, Store
from tests.logs.parcels import LABELS, parcel
from tests.logs.test_s3 import PAIR, error

SECONDS = 60.0
DATA = random.Random(1).randbytes(WHOLE_BYTES + 100)
NAME = f"/logs/2025/11/25/23c01225b99d-7f3a/stdout-00000000000000-{len(DATA):014}.log"
_PART = re.compile(rb"<Part><PartNumber>(\d+)</PartNumber><ETag>([^<]*)</ETag></Part>")


class Bucket:
    """Takes objects whole or in parts, refuses what S3 refuses."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.began = 0
        self.parts = 0
        self.metadata: dict[str, str] = {}

    def __call__(self, sent: Sent) -> Reply:
        url = urlsplit(sent.target)
        query = parse_qs(url.query, keep_blank_values=True)
        assert sent.headers["x-amz-content-sha256"] == hashlib.sha256(sent.body).hexdigest()
        if sent.method == "POST" and "uploads" in query:
            self.began += 1
            self.metadata = sent.headers
            name = f"upload/{self.began}+"  # such signs are in real ones
            self.uploads[name] = {}
            return Reply(body=f"<R><UploadId>{name}</UploadId></R>".encode())
        if "uploadId" not in query:
            return error(405, "MethodNotAllowed")
        [name] = query["uploadId"]
        if name not in self.uploads:
            return error(404, "NoSuchUpload")
        if sent.method == "DELETE":
            del self.uploads[name]
            return Reply(204)
        if sent.method == "PUT":
            self.parts += 1
            [number] = query["partNumber"]
            self.uploads[name][int(number)] = sent.body
            return Reply(headers=(("ETag", _tag(sent.body)),))
        return self._complete(url.path, name, sent)

    def _complete(self, path: str, name: str, sent: Sent) -> Reply:
        if sent.headers.get("if-none-match") == "*" and path in self.objects:
            return error(412, "PreconditionFailed")
        parts = self.uploads[name]
        asked = [(int(number), tag.decode()) for number, tag in _PART.findall(sent.body)]
        if asked != [(number, _tag(parts[number])) for number in sorted(parts)]:
            return error(400, "InvalidPart")
        sizes = [len(parts[number]) for number, _ in asked]
        if min(sizes[:-1], default=PART_BYTES) < 5 * 1024 * 1024:
            return error(400, "EntityTooSmall")
        self.objects[path] = b"".join(parts[number] for number, _ in asked)
        del self.uploads[name]
        return Reply(body=b"<CompleteMultipartUploadResult/>")


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


@asynccontextmanager
async def opened(store: Store, extra: str = "") -> AsyncIterator[Sink]:
    sink = make_sink(f"s3://logs?endpoint={store.url}&compress=none{extra}", PAIR, {})
    yield sink
    await sink.aclose()


async def test_large_object_goes_in_parts_with_its_metadata() -> None:
    bucket = Bucket()
    async with Store(usually=bucket) as store, opened(store) as sink:
        assert await sink.deliver(parcel(DATA), LABELS, SECONDS) == Delivered()
    assert bucket.objects == {NAME: DATA}
    assert bucket.parts == 2
    assert bucket.uploads == {}
    assert bucket.metadata["x-amz-meta-service-instance-id"] == "23c01225b99d-7f3a"
    assert bucket.metadata["content-type"] == "text/plain"


async def test_attempt_that_breaks_off_is_gone_on_with() -> None:
    """What is there already is not sent again: a slow link gets a large object through."""
    bucket = Bucket()

    def second_part_fails(sent: Sent) -> Reply:
        if "partNumber=2" in sent.target and bucket.parts == 1:
            bucket.parts += 1
            return error(503, "SlowDown")
        return bucket(sent)

    async with Store(usually=second_part_fails) as store, opened(store) as sink:
        first = await sink.deliver(parcel(DATA), LABELS, SECONDS)
        assert first == Failed("503 SlowDown: told")
        assert await sink.deliver(parcel(DATA), LABELS, SECONDS) == Delivered()
    assert bucket.objects == {NAME: DATA}
    assert (bucket.began, bucket.parts) == (1, 3)


@pytest.mark.parametrize("extra", ["", "&once=0"])
async def test_lost_acknowledgement_of_the_completion_doubles_nothing(extra: str) -> None:
    bucket = Bucket()
    async with Store(usually=bucket) as store, opened(store, extra) as sink:
        store.next_to("?uploadId=", LOST)
        outcomes = []
        while Delivered() not in outcomes:
            outcomes.append(await sink.deliver(parcel(DATA), LABELS, SECONDS))
    assert bucket.objects == {NAME: DATA}
    assert bucket.uploads == {}
    assert len(outcomes) <= 3


async def test_upload_that_the_store_has_let_go_of_begins_anew() -> None:
    bucket = Bucket()
    async with Store(usually=bucket) as store, opened(store) as sink:
        store.next_to("partNumber=2", error(503, "SlowDown"))
        await sink.deliver(parcel(DATA), LABELS, SECONDS)
        bucket.uploads.clear()
        outcome = await sink.deliver(parcel(DATA), LABELS, SECONDS)
        assert outcome == Failed("the store has let go of the upload; it begins anew")
        assert await sink.deliver(parcel(DATA), LABELS, SECONDS) == Delivered()


@pytest.mark.parametrize("fault", [HANG, RESET, error(500, "InternalError")])
async def test_upload_that_is_given_up_is_taken_back(fault: Reply) -> None:
    """Parts of an object that will never be are billed until somebody finds them."""
    bucket = Bucket()
    async with Store(usually=bucket) as store:
        async with opened(store) as sink:
            store.next_to("partNumber=2", *[fault] * 3)
            assert isinstance(await sink.deliver(parcel(DATA), LABELS, 2.0), Failed)
            assert len(bucket.uploads) == 1
        assert bucket.uploads == {}


async def test_store_that_hangs_holds_the_closing_for_a_second_at_most() -> None:
    bucket = Bucket()
    async with Store(usually=bucket) as store, opened(store) as sink:
        store.next_to("partNumber=1", error(503, "SlowDown"))
        await sink.deliver(parcel(DATA), LABELS, SECONDS)
        store.next_to("uploadId=", *[HANG] * 3)
        async with asyncio.timeout(20):
            await sink.aclose()
        bucket.uploads.clear()


async def test_only_a_few_uploads_are_open_at_a_time() -> None:
    bucket = Bucket()
    async with Store(usually=bucket) as store, opened(store) as sink:
        for start in range(6):
            store.next_to("partNumber=1", error(503, "SlowDown"))
            await sink.deliver(parcel(DATA, start=start), LABELS, SECONDS)
        assert len(bucket.uploads) == 4


async def test_failure_after_a_good_status_is_a_failure() -> None:
    """S3 answers 200 at once, then puts the parts together."""
    late = Reply(body=b"<Error><Code>InternalError</Code></Error>")
    async with Store(usually=Bucket()) as store, opened(store) as sink:
        store.next_to("?uploadId=", late)
        outcome = await sink.deliver(parcel(DATA), LABELS, SECONDS)
        assert isinstance(outcome, Failed)
        assert "could not put the parts together" in outcome.detail
        assert await sink.deliver(parcel(DATA), LABELS, SECONDS) == Delivered()


async def test_conflict_begins_anew_as_the_document_says() -> None:
    bucket = Bucket()
    async with Store(usually=bucket) as store, opened(store) as sink:
        store.next_to("?uploadId=", error(409, "ConditionalRequestConflict"))
        assert isinstance(await sink.deliver(parcel(DATA), LABELS, SECONDS), Failed)
        assert bucket.uploads == {}
        assert await sink.deliver(parcel(DATA), LABELS, SECONDS) == Delivered()
    assert bucket.began == 2


async def test_store_without_conditional_completion_is_served_by_the_name_alone() -> None:
    bucket = Bucket()

    def usually(sent: Sent) -> Reply:
        if "if-none-match" in sent.headers:
            return error(501, "NotImplemented")
        return bucket(sent)

    async with Store(usually=usually) as store, opened(store) as sink:
        assert await sink.deliver(parcel(DATA), LABELS, SECONDS) == Delivered()
    assert (bucket.began, bucket.parts) == (1, 2)


@pytest.mark.parametrize(
    ("reply", "kind"), [(Reply(body=b"<R/>"), Failed), (error(403, "AccessDenied"), Refused)]
)
async def test_upload_that_cannot_begin_is_told(reply: Reply, kind: type) -> None:
    async with Store(reply) as store, opened(store) as sink:
        assert isinstance(await sink.deliver(parcel(DATA), LABELS, SECONDS), kind)
