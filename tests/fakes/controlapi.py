"""A small server that speaks the control API, with answers laid out by the test."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from socketserver import UnixStreamServer
from typing import Any

Json = dict[str, Any]


@dataclass
class Script:
    """What to answer, what was asked.

    Attributes:
        answers: by "METHOD /path": (status code, body); a str body is sent as it is.
        streams: each connection to /v1/events gets the next; all lines, then the end.
    """

    answers: dict[str, tuple[int, Json | str]] = field(default_factory=dict)
    streams: list[list[Json]] = field(default_factory=list)
    asked: list[tuple[str, str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.script.asked.append((self.command, self.path, json.loads(body) if body else None))
        self.script.headers.append({key.lower(): value for key, value in self.headers.items()})
        if self.path == "/v1/events" and self.script.streams:
            lines = self.script.streams.pop(0)
            self._send(200, "".join(f"{json.dumps(line)}\n" for line in lines))
            return
        code, answer = self.script.answers.get(
            f"{self.command} {self.path}", (404, {"title": "Not found", "detail": "no such path"})
        )
        self._send(code, answer if isinstance(answer, str) else json.dumps(answer))

    def _send(self, code: int, text: str) -> None:
        content = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return "a client"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


class _UnixServer(UnixStreamServer):
    daemon_threads = True


@contextmanager
def serving(script: Script, socket: str = "") -> Iterator[str]:
    """Serve the script on loopback, or on a Unix socket; yield the address."""
    answers = {f"do_{method}": _Handler.answer for method in ("GET", "POST", "PUT", "DELETE")}
    handler = type("Handler", (_Handler,), {"script": script, **answers})
    server: HTTPServer | UnixStreamServer
    if socket:
        server, url = _UnixServer(socket, handler), f"http+unix://{socket}"
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
