"""The object store's sink against two real servers."""

import gzip
import hashlib
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from agent import clock
from agent.logs.multipart import WHOLE_BYTES
from agent.logs.parcel import Delivered, Failed, Refused, Sink
from agent.logs.stores import make_sink
from tests.fakes.shelf import Narrow
from tests.logs import servers
from tests.logs.parcels import LABELS, parcel
from tests.logs.signed import ask

SECONDS = 60.0
NAME = "/2025/11/25/23c01225b99d-7f3a/stdout-00000000000000-00000000000008.log.gz"


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.weed(tmp_path_factory.mktemp("weed")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.moto(tmp_path_factory.mktemp("moto")) as endpoint:
        yield endpoint


@pytest.fixture(params=["weed", "moto"])
async def endpoint(request: pytest.FixtureRequest) -> str:
    """Return where a server with a bucket is."""
    found: str = request.getfixturevalue(request.param)
    if request.param == "moto":
        answer = await ask(found, "PUT", f"/{servers.BUCKET}")
        assert answer.status in {200, 409}
    return found


@asynccontextmanager
async def opened(endpoint: str, prefix: str, secret: str = servers.SECRET) -> AsyncIterator[Sink]:
    pair = f"{quote(servers.KEY)}:{quote(secret, safe='')}"
    sink = make_sink(f"s3://{pair}@{servers.BUCKET}/{prefix}?endpoint={endpoint}", {}, {})
    yield sink
    await sink.aclose()


async def test_object_is_there_under_its_name_with_the_games_bytes(endpoint: str) -> None:
    async with opened(endpoint, "a b/ü$") as sink:
        assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()
    answer = await ask(endpoint, "GET", f"/{servers.BUCKET}/a b/ü${NAME}")
    assert answer.status == 200
    assert gzip.decompress(answer.body) == parcel().data
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["x-amz-meta-service-instance-id"] == "23c01225b99d-7f3a"
    assert answer.headers["x-amz-meta-location"] == "Montr%C3%A9al"


async def test_second_try_after_a_lost_acknowledgement_changes_nothing(endpoint: str) -> None:
    for data in (b"one\ntwo\n", b"ONE\nTWO\n"):
        async with opened(endpoint, "twice") as sink:
            assert await sink.deliver(parcel(data), LABELS, SECONDS) == Delivered()
    answer = await ask(endpoint, "GET", f"/{servers.BUCKET}/twice{NAME}")
    assert gzip.decompress(answer.body) == b"one\ntwo\n"


async def test_eight_mebibytes_go_in_one_piece(endpoint: str) -> None:
    data = b"".join(hashlib.sha256(b"%d" % n).hexdigest().encode() + b"\n" for n in range(130_000))
    async with opened(endpoint, "big") as sink:
        assert len(data) <= sink.most_bytes
        assert await sink.deliver(parcel(data), LABELS, SECONDS) == Delivered()
    name = f"{NAME[:-21]}{len(data):014}.log.gz"
    answer = await ask(endpoint, "GET", f"/{servers.BUCKET}/big{name}")
    assert answer.status == 200
    assert int(answer.headers["content-length"]) > 4_000_000


async def test_larger_ones_go_in_parts_once_however_often_they_are_sent(endpoint: str) -> None:
    data = random.Random(endpoint).randbytes(WHOLE_BYTES + 1000)
    for _ in range(2):
        async with opened(endpoint, "parts") as sink:
            assert await sink.deliver(parcel(data), LABELS, SECONDS) == Delivered()
    name = f"/{servers.BUCKET}/parts{NAME[:-21]}{len(data):014}.log.gz"
    answer = await ask(endpoint, "GET", name)
    assert answer.status == 200
    assert int(answer.headers["content-length"]) > WHOLE_BYTES
    assert answer.headers["x-amz-meta-bytes"] == str(len(data))
    listed = await ask(endpoint, "GET", f"/{servers.BUCKET}", uploads="")
    assert listed.status == 200
    assert listed.tag("UploadId") == ""  # nothing is left half there


async def test_large_object_that_breaks_off_is_taken_back(endpoint: str) -> None:
    data = random.Random(endpoint).randbytes(WHOLE_BYTES + 2000)
    port = int(endpoint.rpartition(":")[2])
    async with Narrow(port, 2_000_000) as narrow, opened(f"http://{narrow.host}", "off") as sink:
        assert isinstance(await sink.deliver(parcel(data), LABELS, 1.5), Failed)
    listed = await ask(endpoint, "GET", f"/{servers.BUCKET}", uploads="")
    assert listed.tag("UploadId") == ""


async def test_missing_bucket_is_said_with_what_to_do(endpoint: str) -> None:
    url = f"s3://{servers.KEY}:{quote(servers.SECRET, safe='')}@nowhere-x?endpoint={endpoint}"
    sink = make_sink(url, {}, {})
    outcome = await sink.deliver(parcel(), LABELS, SECONDS)
    await sink.aclose()
    assert isinstance(outcome, Refused | Delivered)  # SeaweedFS makes a bucket for its owner
    if isinstance(outcome, Refused):
        assert "404 NoSuchBucket" in outcome.detail
        assert outcome.detail.endswith("; create the bucket, or correct its name")


async def test_wrong_secret_is_refused_with_what_to_do(weed: str) -> None:
    async with opened(weed, "wrong", secret="not/that+one") as sink:
        outcome = await sink.deliver(parcel(), LABELS, SECONDS)
    assert isinstance(outcome, Refused)
    assert outcome.detail.startswith("403 SignatureDoesNotMatch: ")
    assert outcome.detail.endswith("; correct the secret access key")
    assert "not/that+one" not in outcome.detail


async def test_clock_that_is_wrong_by_hours_is_corrected(
    weed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: right() - 7200)
    async with opened(weed, "skewed") as sink:
        assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()
        assert await sink.deliver(parcel(start=8), LABELS, SECONDS) == Delivered()


async def test_web_identity_is_exchanged_at_a_real_sts(moto: str, tmp_path: Path) -> None:
    await ask(moto, "PUT", f"/{servers.BUCKET}")
    (tmp_path / "token").write_text("eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n")
    environ = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/logs",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ENDPOINT_URL_STS": f"{moto}/",
        "AWS_ENDPOINT_URL_S3": moto,
        "AWS_REGION": "us-east-1",
    }
    sink = make_sink(f"s3://{servers.BUCKET}/lent", {}, environ)
    outcome = await sink.deliver(parcel(), LABELS, SECONDS)
    await sink.aclose()
    assert outcome == Delivered()
