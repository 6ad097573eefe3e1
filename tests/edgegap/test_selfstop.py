"""The courier against a platform that enforces the contract."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent import clock, trust
from agent.core.events import (
    Event,
    SelfStopAccepted,
    SelfStopFailed,
    SelfStopGone,
    SelfStopRejected,
)
from agent.edgegap import selfstop
from agent.edgegap.selfstop import Courier
from agent.errors import PlatformError
from tests.fakes.selfstop_platform import HANG, PATH, RESET, TOKEN, Answer, Platform
from tests.fakes.tls import make_certificate, server_context
from tests.waiting import until


@dataclass
class Record:
    """Everything that a courier has told or asked of its surroundings."""

    events: list[Event] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def courier(
        self,
        *,
        attempt_timeout: float = 20.0,
        chance: float = 0.5,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> Courier:
        return Courier(
            say=lambda level, text: self.lines.append(f"{level}: {text}"),
            report=self.events.append,
            attempt_timeout=attempt_timeout,
            sleep=sleep or self._sleep,
            chance=lambda: chance,
        )

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__.removeprefix("SelfStop") for event in self.events]


@pytest.fixture
async def record() -> AsyncIterator[Record]:
    """Record a courier, then look for secrets in what it said."""
    kept = Record()
    yield kept
    told = repr((kept.events, kept.lines))
    assert TOKEN not in told
    assert "463660" not in told


async def test_accepted_stop_is_one_request_with_the_raw_token(record: Record) -> None:
    with Platform() as platform:
        await record.courier().deliver(platform.url, TOKEN)
    [request] = platform.requests
    assert (request.method, request.target) == ("DELETE", PATH)
    assert request.headers["authorization"] == TOKEN
    assert request.headers.get("content-length", "0") == "0"
    assert record.events == [
        SelfStopAccepted("202: 23c01225b99d - Delete request will be processed soon")
    ]
    assert record.pauses == []


async def test_log_storage_is_asked_for_in_the_query(record: Record) -> None:
    with Platform() as platform:
        await record.courier().deliver(platform.url, TOKEN, storage="my storage")
    assert platform.requests[0].target == f"{PATH}?container_log_storage=my%20storage"
    assert record.kinds == ["Accepted"]


async def test_url_is_sent_as_it_was_given(record: Record) -> None:
    with Platform(Answer(200)) as platform:
        await record.courier().deliver(f"{platform.url}/%7e/../a%2fb?x=%20", TOKEN)
    assert platform.requests[0].target == f"{PATH}/%7e/../a%2fb?x=%20"


@pytest.mark.parametrize("status", [404, 410])
async def test_stop_of_an_ended_deployment_is_done(record: Record, status: int) -> None:
    with Platform(Answer(status)) as platform:
        await record.courier().deliver(platform.url, TOKEN)
    assert record.events == [SelfStopGone(f"{status}: scripted")]


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_rejected_stop_is_not_hammered(record: Record, status: int) -> None:
    with Platform(Answer(status)) as platform:
        await record.courier().deliver(platform.url, TOKEN)
    assert len(platform.requests) == 1
    assert record.events == [SelfStopRejected(f"{status}: scripted")]


async def test_wrong_token_is_rejected(record: Record) -> None:
    with Platform() as platform:
        await record.courier().deliver(platform.url, "wrong")
    assert record.events == [SelfStopRejected("403: bad token")]


async def test_faults_in_a_row_end_in_one_accepted_stop(record: Record) -> None:
    """Scenario of the foundation: 503 x 5, 429 with Retry-After, a reset, a hang; then 202."""
    script = [Answer(503)] * 5 + [Answer(429, (("Retry-After", "7"),)), RESET, HANG]
    with Platform(*script) as platform:
        await record.courier(attempt_timeout=1.0).deliver(platform.url, TOKEN)
        assert len(platform.requests) == 9
        assert platform.stops == 1
    assert record.kinds == ["Failed"] * 8 + ["Accepted"]
    assert record.pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 7.0 + 8.0, 15.0, 15.0]
    failed = [event for event in record.events if isinstance(event, SelfStopFailed)]
    assert [event.attempts for event in failed] == list(range(1, 9))
    assert failed[0].detail == "503: scripted"
    assert failed[7].detail == "no answer within 1 s"
    assert len(record.lines) == 8
    assert record.lines[5].endswith("failed: 429: scripted; next in 15.0 s")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 504])
async def test_passing_fault_is_tried_again(record: Record, status: int) -> None:
    with Platform(Answer(status)) as platform:
        await record.courier().deliver(platform.url, TOKEN)
        assert platform.stops == 1
    assert record.kinds == ["Failed", "Accepted"]


async def test_retry_after_in_seconds_is_honoured(record: Record) -> None:
    with Platform(Answer(429, (("Retry-After", "7"),))) as platform:
        await record.courier(chance=0.0).deliver(platform.url, TOKEN)
    assert record.pauses == [7.0]


async def test_retry_after_as_a_date_is_honoured(record: Record) -> None:
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(clock.wall() + 90))
    with Platform(Answer(503, (("Retry-After", date),))) as platform:
        await record.courier(chance=0.0).deliver(platform.url, TOKEN)
    assert 30.0 < record.pauses[0] <= 90.25


async def test_closed_port_is_tried_again(record: Record) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    third = asyncio.Event()

    async def sleep(seconds: float) -> None:
        record.pauses.append(seconds)
        if len(record.pauses) == 3:
            third.set()
            await asyncio.Event().wait()

    courier = record.courier(sleep=sleep)
    task = asyncio.create_task(courier.deliver(f"http://127.0.0.1:{port}{PATH}", TOKEN))
    await asyncio.wait_for(third.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert record.kinds == ["Failed"] * 3
    assert record.pauses == [0.25, 0.5, 1.0]


async def test_delivery_ends_by_its_deadline(record: Record) -> None:
    """No attempt begins after the deadline, counted on the boot-time clock."""
    with Platform(*[Answer(503, (("Retry-After", "60"),))] * 9) as platform:
        await record.courier().deliver(platform.url, TOKEN, until=clock.now() + 59.0)
        assert len(platform.requests) == 1
    assert record.kinds == ["Failed"]
    assert record.pauses == []


async def test_redirect_is_not_followed(record: Record) -> None:
    with (
        Platform() as elsewhere,
        Platform(Answer(307, (("Location", elsewhere.url),))) as platform,
    ):
        await record.courier().deliver(platform.url, TOKEN)
    assert elsewhere.requests == []
    assert record.kinds == ["Rejected"]
    assert "not followed" in repr(record.events)


async def test_body_that_never_ends_does_not_undo_the_acceptance(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selfstop, "MESSAGE_SECONDS", 0.05)
    with Platform(Answer(202, fault="half_body")) as platform:
        await record.courier().deliver(platform.url, TOKEN)
    assert record.events == [SelfStopAccepted("202: scripted")]


async def test_body_is_read_within_bounds(record: Record) -> None:
    with Platform(Answer(202, body=b"[" * 10_000_000)) as platform:
        await record.courier().deliver(platform.url, TOKEN)
    assert record.events == [SelfStopAccepted("202")]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"message": 7}', b"\xff", b"[" * 9999])
async def test_odd_body_is_only_a_missing_message(record: Record, body: bytes) -> None:
    with Platform(Answer(202, body=body)) as platform:
        await record.courier().deliver(platform.url, TOKEN)
    assert record.events == [SelfStopAccepted("202")]


async def test_answer_that_repeats_our_secrets_is_masked(record: Record) -> None:
    body = f'{{"message": "{TOKEN} may not stop {PATH}"}}'.encode()
    with Platform(Answer(403, body=body)) as platform:
        await record.courier().deliver(platform.url, TOKEN)
    assert record.events == [SelfStopRejected("403: *** may not stop ***")]


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("", TOKEN),
        ("http://[::1/463660", TOKEN),
        ("http://host:99999/463660", TOKEN),
        ("http:///463660", TOKEN),
        ("https://host/463660", ""),
        ("https://host/463660", "a\nb"),
    ],
)
async def test_call_that_cannot_be_made_is_rejected_at_once(
    record: Record, url: str, token: str
) -> None:
    await record.courier().deliver(url, token)
    assert record.kinds == ["Rejected"]
    assert "cannot self-stop" in repr(record.events)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make what the platforms of these tests speak TLS with."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


async def test_platform_with_a_trusted_certificate_is_told(
    record: Record, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Platform(tls=server_context(certificate)) as platform:
        await record.courier().deliver(platform.url, TOKEN)
    assert record.kinds == ["Accepted"]


async def test_platform_with_a_foreign_certificate_never_sees_the_token(
    record: Record, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with Platform(tls=server_context(certificate)) as platform:
        await record.courier().deliver(platform.url, TOKEN, until=0.0)
        assert platform.requests == []
    assert record.kinds == ["Failed"]
    assert "certificate verify failed" in repr(record.events)


async def test_delivery_can_be_cancelled_in_the_middle_of_an_attempt(record: Record) -> None:
    with Platform(HANG) as platform:
        task = asyncio.create_task(record.courier().deliver(platform.url, TOKEN))
        await asyncio.to_thread(until, lambda: platform.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert record.events == []


async def test_answer_that_is_not_http_is_tried_again(record: Record) -> None:
    with Platform(Answer(fault="garbage")) as platform:
        await record.courier().deliver(platform.url, TOKEN)
        assert platform.stops == 1
    assert record.kinds == ["Failed", "Accepted"]


async def test_image_without_certificates_is_said_clearly(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def context() -> object:
        raise PlatformError("cannot verify: install ca-certificates")

    monkeypatch.setattr(trust, "context", context)
    await record.courier().deliver(f"https://127.0.0.1:9{PATH}", TOKEN)
    assert record.events == [SelfStopRejected("cannot verify: install ca-certificates")]


async def test_delivery_in_real_time_gets_through() -> None:
    """The default clockwork, with nothing injected: two failures, then acceptance."""
    kept = Record()
    courier = Courier(say=lambda *_: None, report=kept.events.append)
    began = clock.now()
    with Platform(Answer(503, (("Retry-After", "1"),)), RESET) as platform:
        await courier.deliver(platform.url, TOKEN)
        assert platform.stops == 1
    assert kept.kinds == ["Failed", "Failed", "Accepted"]
    assert clock.now() - began >= 1.0


def test_importing_the_courier_loads_no_http_client() -> None:
    code = "import sys, agent.edgegap.selfstop; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
