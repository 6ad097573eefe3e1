"""One request to a store: bounded, followed nowhere, told without a secret."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from agent import clock, journal, trust
from agent.errors import PlatformError
from agent.logs.attempts import Attempts
from agent.logs.exchange import BODY_BYTES, Answer, Exchange, judge
from agent.logs.parcel import Delivered, Failed, Outcome, Parcel, Refused, Unit
from tests.fakes.logstore import HANG, RESET, Reply, Store
from tests.fakes.tls import make_certificate, server_context
from tests.logs.parcels import LABELS, parcel


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    made = Exchange()
    yield made
    await made.aclose()


class Asking:
    """A store that is one request."""

    name = "asking"
    unit = Unit.LINES
    most_bytes = 1
    most_seconds = 1.0

    def __init__(self, work: Callable[[], Awaitable[Outcome]]) -> None:
        self._work = work

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        del parcel, labels
        return await self._work()

    def forget(self, parcel: Parcel) -> None:
        raise AssertionError(parcel)

    def counters(self) -> dict[str, int]:
        return {}

    async def aclose(self) -> None:
        """Have nothing to close."""


async def within(seconds: float, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    return await Attempts(Asking(work)).deliver(parcel(), LABELS, seconds)


async def test_request_arrives_as_it_was_made(exchange: Exchange) -> None:
    async with Store() as store:
        answer = await exchange.send("PUT", f"{store.url}/%7e/../a%2fb?x=%20", {"a": "b"}, b"body")
    assert isinstance(answer, Answer)
    assert answer.is_good
    [sent] = store.requests
    assert (sent.method, sent.target, sent.body) == ("PUT", "/%7e/../a%2fb?x=%20", b"body")
    assert sent.headers["a"] == "b"
    assert sent.headers["content-length"] == "4"
    assert sent.headers["accept-encoding"] == "identity"
    assert "content-type" not in sent.headers


async def test_connection_is_kept(exchange: Exchange) -> None:
    async with Store() as store:
        for _ in range(3):
            await exchange.send("PUT", store.url, {}, b"x")
        assert store.connections == 1


async def test_large_body_arrives_whole(exchange: Exchange) -> None:
    body = bytes(range(256)) * 20_000
    async with Store() as store:
        await exchange.send("POST", store.url, {}, body)
    assert store.requests[0].body == body


async def test_reset_is_worth_another_try(exchange: Exchange) -> None:
    async with Store(RESET) as store:
        outcome = await exchange.send("POST", store.url, {}, b"x")
    assert isinstance(outcome, Failed)


async def test_closed_port_is_worth_another_try(exchange: Exchange) -> None:
    async with Store() as store:
        pass
    outcome = await exchange.send("POST", store.url, {}, b"x")
    assert isinstance(outcome, Failed)
    assert "cannot connect" in outcome.detail


async def test_answer_that_is_not_http_is_worth_another_try(exchange: Exchange) -> None:
    async with Store(Reply(fault="garbage")) as store:
        outcome = await exchange.send("POST", store.url, {}, b"x")
    assert isinstance(outcome, Failed)


async def test_refusal_before_the_body_was_read_is_a_refusal(exchange: Exchange) -> None:
    async with Store(Reply(403, fault="early")) as store:
        answer = await exchange.send("PUT", store.url, {}, bytes(32_000_000))
    assert isinstance(answer, Failed) or (isinstance(answer, Answer) and answer.status == 403)


async def test_body_of_an_answer_is_read_within_bounds(exchange: Exchange) -> None:
    async with Store(Reply(200, body=bytes(10_000_000))) as store:
        answer = await exchange.send("GET", store.url, {})
    assert isinstance(answer, Answer)
    assert len(answer.body) == BODY_BYTES


async def test_redirect_is_not_followed(exchange: Exchange) -> None:
    async with Store() as elsewhere, Store(Reply(307, (("Location", elsewhere.url),))) as store:
        answer = await exchange.send("PUT", store.url, {"authorization": "x"}, b"x")
        assert elsewhere.requests == []
    assert isinstance(answer, Answer)
    assert judge(answer) == Refused(
        "307: a redirect, which is not followed; correct AGENT_LOG_SINK"
    )


@pytest.mark.parametrize("url", ["http://h:99999/", "http:///x", "ht!tp://x"])
async def test_address_that_cannot_be_asked_is_refused(exchange: Exchange, url: str) -> None:
    outcome = await exchange.send("GET", url, {})
    assert isinstance(outcome, Refused)
    assert "correct AGENT_LOG_SINK" in outcome.detail


async def test_header_that_would_be_two_is_refused(exchange: Exchange) -> None:
    async with Store() as store:
        outcome = await exchange.send("GET", store.url, {"authorization": "a\r\nb: c"})
    assert isinstance(outcome, Refused)


async def test_hanging_store_costs_what_the_deadline_leaves(exchange: Exchange) -> None:
    async def work() -> Outcome:
        answer = await exchange.send("POST", store.url, {}, b"x")
        return judge(answer) if isinstance(answer, Answer) else answer

    async with Store(HANG, HANG) as store:
        assert await within(0.25, work) == Failed("no answer within 0.25 s")
        task = asyncio.create_task(within(60.0, work))
        await store.saw(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a connection, read nothing, say nothing."""
    try:
        await asyncio.Event().wait()
    finally:
        writer.close()


@pytest.mark.parametrize("scheme", ["http", "https"], ids=["body is never read", "TLS never ends"])
async def test_peer_that_only_takes_the_connection_costs_no_more(
    exchange: Exchange, scheme: str
) -> None:
    async def work() -> Outcome:
        answer = await exchange.send("PUT", f"{scheme}://127.0.0.1:{port}/", {}, bytes(32 << 20))
        assert not isinstance(answer, Answer)
        return answer

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await within(0.3, work) == Failed("no answer within 0.3 s")
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_names_that_are_never_resolved_hold_one_thread(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The self-stop needs a thread of the same few to resolve the platform's name."""
    answered, asked = threading.Event(), list[object]()

    def never(host: object, *_args: object, **_options: object) -> list[object]:
        asked.append(host)
        answered.wait(60)
        raise OSError

    async def work() -> Outcome:
        answer = await exchange.send("PUT", "http://store.example/", {}, b"x")
        assert not isinstance(answer, Answer)
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", never)
    try:
        for _ in range(5):
            assert await within(0.1, work) == Failed("no answer within 0.1 s")
    finally:
        answered.set()
    assert len(asked) == 1


async def test_body_that_never_ends_costs_what_the_deadline_leaves(exchange: Exchange) -> None:
    async with Store(Reply(200, body=b"{}", fault="half")) as store:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await exchange.send("POST", store.url, {}, b"x")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


async def test_trusted_certificate_is_taken(
    exchange: Exchange, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with Store(tls=server_context(certificate)) as store:
        answer = await exchange.send("POST", store.url, {}, b"x")
    assert isinstance(answer, Answer)


async def test_foreign_certificate_is_a_fault_of_the_configuration(
    exchange: Exchange, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with Store(tls=server_context(certificate)) as store:
        outcome = await exchange.send("POST", store.url, {}, b"x")
        assert store.requests == []
    assert isinstance(outcome, Refused)
    assert "cannot trust the certificate of 127.0.0.1: self-signed" in outcome.detail


async def test_image_without_certificates_is_said(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def context() -> ssl.SSLContext:
        raise PlatformError("cannot verify: install ca-certificates")

    monkeypatch.setattr(trust, "context", context)
    outcome = await exchange.send("POST", "https://127.0.0.1:9/", {}, b"x")
    assert outcome == Refused("cannot verify: install ca-certificates")


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_the_store_took_is_delivered(status: int) -> None:
    assert judge(answer(status)) == Delivered()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_passes_is_worth_another_try(status: int) -> None:
    """Known loss loki#915: an outage of 1.5 s lost logs."""
    assert judge(answer(status, b"slow  down\n")) == Failed(f"{status} slow down")


def test_retry_after_is_honoured_on_429() -> None:
    """Known loss opentelemetry-python PR 5460: 429 was permanent, Retry-After ignored."""
    assert judge(answer(429, retry_after="7")) == Failed("429", 7.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 501])
def test_what_does_not_pass_is_refused_which_keeps_the_bytes(status: int) -> None:
    """Known loss loki#11593: a 404 from an ingress dropped the batch."""
    assert judge(answer(status)) == Refused(str(status))


def test_text_of_an_answer_is_one_bounded_line_without_secrets() -> None:
    journal.mask("s3cr3t-of-mine")
    told = answer(400, b"bad\x1b[31m\nkey s3cr3t-of-mine \xff" + b"x" * 9999).text
    assert told.startswith("bad?[31m key *** \ufffd")
    assert len(told) == 200


def test_date_of_an_answer_is_read() -> None:
    assert answer(200, date="Fri, 24 May 2013 00:00:00 GMT").date == 1_369_353_600.0
    assert answer(200, date="yesterday").date is None
    assert answer(200).date is None
    assert clock.wall() > 1_369_353_600.0


def test_element_of_an_answer_is_read() -> None:
    body = b"<Error><Code>No&amp;Such</Code><Message> x </Message></Error>"
    assert answer(404, body).tag("Code") == "No&Such"
    assert answer(404, body).tag("Message") == "x"
    assert answer(404, body).tag("Region") == ""
