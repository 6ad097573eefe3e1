"""Objects in Google's cloud and in Azure, through obstore itself, against strict stand-ins."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from agent import clock
from agent.errors import SettingsError
from agent.logs import clouds
from agent.logs.parcel import Delivered, Failed, Refused, Sink
from agent.logs.probe import try_all
from agent.logs.stores import make_sink
from tests.fakes.cloudrules import ACCOUNT, KEY, TOKEN, Azure, Google
from tests.fakes.logstore import HANG, LOST, RESET, Reply, Store
from tests.fakes.tls import make_certificate, server_context
from tests.logs.parcels import LABELS, NOON, parcel

SECONDS = 60.0
GOOGLE = {"AGENT_LOG_GOOGLE_BEARER_TOKEN": TOKEN, "GOOGLE_BEARER_TOKEN": "the-games-own"}
AZURE = {
    "AGENT_LOG_AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
    "AGENT_LOG_AZURE_STORAGE_ACCOUNT_KEY": KEY,
    "AZURE_STORAGE_ACCOUNT_NAME": "the-games-own",
}
NAME = "/games/ü/2025/11/25/23c01225b99d-7f3a/stdout-00000000000000-00000000000008.log.gz"


@pytest.fixture(params=["gs", "az"])
def scheme(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@asynccontextmanager
async def opened(scheme: str, store: Store, extra: str = "") -> AsyncIterator[Sink]:
    url = f"{scheme}://logs/games/%C3%BC?endpoint={store.url}{extra}"
    sink = make_sink(url, {**GOOGLE, **AZURE}, {})
    yield sink
    await sink.aclose()


def cloud(scheme: str) -> Google | Azure:
    return Google() if scheme == "gs" else Azure()


async def test_parcel_is_one_object_with_its_metadata(scheme: str) -> None:
    there = cloud(scheme)
    async with Store(usually=there) as store, opened(scheme, store) as sink:
        assert sink.name == f"{scheme}://logs/games/%C3%BC"
        assert await sink.deliver(parcel(is_tail=True), LABELS, SECONDS) == Delivered()
        assert sink.counters() == {}
    assert {name: gzip.decompress(body) for name, body in there.objects.items()} == {
        f"/logs{NAME}": parcel().data
    }
    assert there.metadata == {
        "bytes": "8",
        "first_ns": str(NOON),
        "tail": "1",
        "service_instance_id": "23c01225b99d-7f3a",
        "location": "Montr%C3%A9al",
    }


async def test_acknowledgement_that_was_lost_doubles_nothing(scheme: str) -> None:
    there = cloud(scheme)
    async with Store(LOST, usually=there) as store, opened(scheme, store) as sink:
        assert isinstance(await sink.deliver(parcel(), LABELS, SECONDS), Failed)
        assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()
    assert len(there.objects) == 1
    assert len(store.requests) == 2


async def test_what_is_there_can_be_written_over(scheme: str) -> None:
    there = cloud(scheme)
    async with Store(usually=there) as store, opened(scheme, store, "&once=0") as sink:
        for _ in range(2):
            assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()


async def test_azures_key_pair_can_stand_in_the_url() -> None:
    there = Azure()
    async with Store(usually=there) as store:
        url = f"az://{ACCOUNT}:{quote(KEY, safe='')}@logs?endpoint={store.url}"
        sink = make_sink(url, {}, {})
        assert await sink.deliver(parcel(), LABELS, SECONDS) == Delivered()
        await sink.aclose()


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_passing_fault_is_worth_another_try(scheme: str, status: int) -> None:
    """One request an attempt: obstore's own ten retries would take a minute of the grace."""
    async with Store(Reply(status)) as store, opened(scheme, store) as sink:
        outcome = await sink.deliver(parcel(), LABELS, SECONDS)
        assert len(store.requests) == 1
    assert isinstance(outcome, Failed)
    assert f"status code: {status}" in outcome.detail


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (401, "; correct the credentials"),
        (403, "; correct the credentials, or allow "),
        (404, "; create the bucket, or correct its name"),
        (400, "status code: 400"),
    ],
)
async def test_fault_of_the_configuration_is_told_with_the_fix(
    scheme: str, status: int, fix: str
) -> None:
    key = TOKEN if scheme == "gs" else KEY
    body = f"<Error><Code>Told</Code><M>{key}</M></Error>".encode()
    async with Store(Reply(status, body=body)) as store, opened(scheme, store) as sink:
        outcome = await sink.deliver(parcel(), LABELS, SECONDS)
    assert isinstance(outcome, Refused)
    assert fix in outcome.detail
    assert "<Code>Told</Code>" in outcome.detail
    assert key not in outcome.detail


async def test_store_that_hangs_costs_what_the_deadline_leaves(scheme: str) -> None:
    async with Store(HANG) as store, opened(scheme, store) as sink:
        begun = clock.now()
        assert await sink.deliver(parcel(), LABELS, 0.3) == Failed("no answer within 0.3 s")
        assert clock.now() - begun < 20


async def test_delivery_can_be_cancelled(scheme: str) -> None:
    async with Store(HANG) as store, opened(scheme, store) as sink:
        task = asyncio.create_task(sink.deliver(parcel(), LABELS, SECONDS))
        await store.saw(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_network_that_fails_is_worth_another_try(scheme: str) -> None:
    async with Store(RESET) as store, opened(scheme, store) as sink:
        assert isinstance(await sink.deliver(parcel(), LABELS, SECONDS), Failed)
    async with opened(scheme, store) as sink:
        assert await sink.deliver(parcel(), LABELS, SECONDS) == Failed("Connection refused")


async def test_name_that_is_not_resolved_is_told(scheme: str) -> None:
    url = f"{scheme}://logs?endpoint=http://no-such-store.invalid"
    (tried,) = await try_all({"AGENT_LOG_SINK": url, **GOOGLE, **AZURE}, SECONDS)
    assert not tried.ok
    assert tried.detail.startswith("failed to lookup address information")


async def test_certificate_that_nobody_trusts_is_told(scheme: str, tmp_path: Path) -> None:
    context = server_context(make_certificate(tmp_path))
    async with Store(tls=context) as store, opened(scheme, store) as sink:
        outcome = await sink.deliver(parcel(), LABELS, SECONDS)
        assert store.requests == []
    assert outcome == Refused("its certificate is not trusted; install ca-certificates")


@pytest.mark.parametrize(
    ("url", "found", "told"),
    [
        ("gs://logs", {"AGENT_LOG_GOOGLE_SERVICE_ACCOUNT": "/no/such"}, "No such file"),
        ("gs://logs", {"GOOGLE_SERVICE_ACCOUNT_KEY": "{"}, "Unable to decode service account"),
        ("az://a:%25@logs", {}, "Invalid Access Key"),
    ],
)
async def test_credentials_that_cannot_be_read_are_told(
    url: str, found: dict[str, str], told: str
) -> None:
    sink = make_sink(url, found, {})
    outcome = await sink.deliver(parcel(), LABELS, SECONDS)
    await sink.aclose()
    assert isinstance(outcome, Refused)
    assert told in outcome.detail
    assert "; correct the URL or AGENT_LOG_" in outcome.detail


def test_package_that_is_missing_is_told_with_the_fix(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(name: str) -> None:
        assert name == "obstore"

    monkeypatch.setattr(clouds, "find_spec", without)
    with pytest.raises(SettingsError, match=r"pip install 'arbitrium-agent\[s3\]'"):
        make_sink(f"{scheme}://logs", AZURE, {})


def test_package_is_loaded_at_the_first_parcel() -> None:
    code = (
        "import sys; from agent.logs.stores import make_sink;"
        "make_sink('gs://logs', {}); print('obstore' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout == "False\n"
