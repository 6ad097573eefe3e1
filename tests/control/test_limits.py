"""Nobody takes more than there is, nobody waits for ever."""

import asyncio
import logging
import socket

import pytest

from agent.control.limits import Limits
from agent.core.snapshot import Status
from tests.control.desk import Caller, FakeDesk, Served, serving

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_body_of_the_most_bytes_is_read_one_more_is_not(served: Served) -> None:
    assert (await served.call("POST", "/v1/ready", b" " * 262_144)).code == 200
    assert (await served.call("POST", "/v1/ready", b" " * 262_145)).code == 413


async def test_chunks_without_end_are_cut(served: Served) -> None:
    async with served.connected() as caller:
        caller.writer.write(
            b"POST /v1/ready HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        caller.writer.write((b"10000\r\n" + b" " * 65_536 + b"\r\n") * 5)
        assert (await caller.hear()).code == 413
    assert served.desk.posted == []


async def test_body_that_does_not_come_is_408() -> None:
    async with serving(limits=Limits(body_seconds=0.05)) as served:
        for framing in ("Content-Length: 10", "Transfer-Encoding: chunked"):
            head = f"POST /v1/ready HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n"
            assert (await served.raw(head.encode())).code == 408
        assert served.desk.posted == []


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"Content-Length: 3\r\nContent-Encoding: gzip\r\n\r\nxyz",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"No colon\r\n\r\n",
        b"Long: " + b"x" * 9000 + b"\r\n\r\n",
        b"".join(b"H%d: x\r\n" % at for at in range(200)) + b"\r\n",
    ],
)
async def test_broken_http_is_a_problem(served: Served, rest: bytes) -> None:
    answer = await served.raw(b"POST /v1/ready HTTP/1.1\r\nHost: localhost\r\n" + rest)
    assert answer.code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert served.desk.posted == []


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"hello\r\n\r\n", b"GET /" + b"x" * 9000]
)
async def test_what_is_no_http_is_a_problem(served: Served, noise: bytes) -> None:
    """A TLS client, for one."""
    answer = await served.raw(noise + b" HTTP/1.1\r\n\r\n")
    assert answer.code == 400
    assert answer.json["detail"].startswith("cannot read the request: ")


async def test_caller_that_leaves_in_the_middle_leaves_no_trace(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.connected() as caller:
        caller.writer.write(
            b"POST /v1/ready HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
        )
        await caller.writer.drain()
        await served.call("GET", "/healthz")
    await served.call("GET", "/healthz")
    assert served.desk.posted == []
    assert caplog.records == []


async def test_one_connection_too_many_is_told_so() -> None:
    async with serving(limits=Limits(connections=2)) as served:
        async with served.connected() as one, served.connected() as two:
            assert (await one.say(GET)).code == 200
            assert (await two.say(GET)).code == 200
            async with served.connected() as three:
                answer = await three.hear()
                assert (answer.code, answer.json["status"]) == (503, 503)
                assert answer.headers["retry-after"] == "1"
                assert await three.is_closed()
        answer = await served.raw(GET)
        assert answer.code in {200, 503}, "there is room again as soon as the others are gone"


async def test_our_own_bug_is_a_problem_with_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(FakeDesk):
        def status(self) -> Status:
            raise LookupError("s3cret detail")

    async with serving(Broken()) as served:
        with caplog.at_level(logging.ERROR):
            answer = await served.call("GET", "/v1/status")
    assert answer.code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"s3cret" not in answer.body
    assert "a request failed" in caplog.text


class TestStreams:
    async def test_stream_begins_with_the_state_then_tells_each_change(
        self, served: Served
    ) -> None:
        async with served.connected() as caller:
            lines = await opened(caller)
            assert b'"revision":1,' in await lines.line()
            await served.call("POST", "/v1/ready")
            while b'"phase":"ready"' not in (line := await lines.line()):
                assert b'"revision":2,' in line

    async def test_beat_is_the_state_again(self) -> None:
        limits = Limits(beat_seconds=0.01)
        async with serving(limits=limits) as served, served.connected() as caller:
            lines = await opened(caller)
            told = [await lines.line() for _ in range(4)]
        assert all(b'"revision":1,' in line for line in told)

    async def test_sse_by_accept(self, served: Served) -> None:
        """A browser's EventSource, read as it reads."""
        async with served.connected() as caller:
            lines = await opened(caller, "Accept: text/event-stream")
            assert lines.kind == "text/event-stream"
            assert await lines.line() == b"id: 1\n"
            assert (await lines.line()).startswith(b'data: {"boot_id"')
            assert await lines.line() == b"\n"

    async def test_one_stream_too_many_is_sent_to_the_long_poll(self) -> None:
        limits = Limits(streams=1)
        async with serving(limits=limits) as served, served.connected() as caller:
            await (await opened(caller)).line()
            answer = await served.call("GET", "/v1/events")
        assert answer.code == 503
        assert "/v1/status?after=" in answer.json["fix"]

    async def test_stream_that_its_caller_left_makes_room(self) -> None:
        async with serving(limits=Limits(streams=1)) as served:
            for _ in range(5):
                await free_place(served)

    async def test_reader_that_does_not_read_is_dropped(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its buffers are bounded: it gets the newest state or nothing."""
        desk = FakeDesk()
        limits = Limits(write_seconds=0.2)
        async with serving(desk, limits=limits) as served:
            await served.call(
                "PUT",
                "/v1/players",
                b'{"ids": [%s]}' % b",".join(b'"%s%d"' % (b"x" * 100, at) for at in range(2000)),
            )
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(deaf, ("127.0.0.1", served.port))
                await loop.sock_sendall(deaf, b"GET /v1/events HTTP/1.0\r\n\r\n")
                async with asyncio.timeout(20):
                    while "does not read" not in caplog.text:
                        await served.call("POST", "/v1/health")
            assert (await served.call("GET", "/healthz")).code == 200

    async def test_our_own_bug_cuts_the_stream_with_a_line_in_the_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(FakeDesk):
            async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ARG002, ASYNC109
                raise LookupError("nothing there")

        async with serving(Broken()) as served, served.connected() as caller:
            await (await opened(caller)).line()
            assert await caller.is_closed()
        assert "a request failed" in caplog.text

    async def test_streams_end_with_the_server(self) -> None:
        async with serving() as served:
            connection = served.connected()
            caller = await connection.__aenter__()
            await (await opened(caller)).line()
        while await caller.reader.read(4096):
            pass
        await connection.__aexit__(None, None, None)


class Lines:
    """A chunked answer, one chunk a state."""

    def __init__(self, caller: Caller, kind: str) -> None:
        self._caller = caller
        self._ready: list[bytes] = []
        self.kind = kind

    async def line(self) -> bytes:
        async with asyncio.timeout(20):
            while not self._ready:
                size = int(await self._caller.reader.readline(), 16)
                chunk = await self._caller.reader.readexactly(size)
                await self._caller.reader.readline()
                self._ready = chunk.splitlines(keepends=True)
        return self._ready.pop(0)


async def opened(caller: Caller, *headers: str) -> Lines:
    head = "\r\n".join(["GET /v1/events HTTP/1.1", "Host: localhost", *headers, "", ""])
    answer = await caller.say(head.encode(), has_body=False)
    assert answer.code == 200
    return Lines(caller, answer.headers["content-type"])


async def free_place(served: Served) -> None:
    """Open a stream once the one before is known to have been left."""
    async with asyncio.timeout(20):
        code = 0
        while code != 200:
            async with served.connected() as caller:
                head = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                code = (await caller.say(head, has_body=False)).code
