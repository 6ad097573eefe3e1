"""A platform on loopback that enforces the self-stop contract and can fail in its ways."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

TOKEN = "6b3f0c1d2e4a5b6c7d8e9f0a1b2c3d4e"
DEPLOYMENT = "23c01225b99d"
PATH = f"/v1/self/stop/{DEPLOYMENT}/463660"
ACCEPTED = b'{"message": "23c01225b99d - Delete request will be processed soon"}'


@dataclass(frozen=True)
class Answer:
    """One scripted answer; a fault says what goes wrong instead of it, or in the middle of it."""

    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b'{"message": "scripted"}'
    fault: str = ""  # reset | hang | half_body | garbage


RESET = Answer(fault="reset")
HANG = Answer(fault="hang")


@dataclass(frozen=True)
class Request:
    """What the platform saw of one request."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)


class Platform:
    """Answers by the script first, then as the document says."""

    def __init__(self, *script: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.stops = 0
        self.closing = threading.Event()
        self._script = list(script)
        self._lock = threading.Lock()
        platform = self

        class Handler(_Handler):
            desk = platform

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if tls is not None else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}{PATH}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def script(self, answers: Iterable[Answer]) -> None:
        """Fail in these ways next."""
        with self._lock:
            self._script.extend(answers)

    def take(self, request: Request) -> Answer:
        """Record a request; return what it is answered."""
        with self._lock:
            self.requests.append(request)
            if self._script:
                return self._script.pop(0)
            answer = _by_the_document(request)
            self.stops += answer.status == 202
            return answer


def _by_the_document(request: Request) -> Answer:
    path = request.target.partition("?")[0]
    if path != PATH:
        return Answer(404, body=b'{"message": "no such deployment"}')
    if request.headers.get("authorization") != TOKEN:
        return Answer(403, body=b'{"message": "bad token"}')
    return Answer(202, body=ACCEPTED)


class _Handler(BaseHTTPRequestHandler):
    desk: Platform
    protocol_version = "HTTP/1.1"

    def do_DELETE(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.desk.take(Request(self.command, self.path, headers))
        if answer.fault == "hang":
            self.desk.closing.wait(60)
            self.close_connection = True
        elif answer.fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
        elif answer.fault == "garbage":
            self.wfile.write(b"220 mail.example ESMTP\r\n\r\n")
            self.close_connection = True
        else:
            self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        extra = 9999 if answer.fault == "half_body" else 0
        self.send_header("content-length", str(len(answer.body) + extra))
        self.end_headers()
        self.wfile.write(answer.body)
        if answer.fault == "half_body":
            self.wfile.flush()
            self.desk.closing.wait(60)
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent."""

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            self.close_connection = True  # we have reset it ourselves
