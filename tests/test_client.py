import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from agent import client as room
from agent.client import Client, address
from agent.errors import RequestError, SettingsError, UnreachableError
from tests.fakes.controlapi import Script, serving


@pytest.mark.parametrize(
    ("environ", "url", "path", "expected"),
    [
        ({}, "", "", "http://127.0.0.1:8655"),
        ({"AGENT_PORT": "9000"}, "", "", "http://127.0.0.1:9000"),
        ({"AGENT_PORT": "0"}, "", "", "http://127.0.0.1:8655"),
        ({"AGENT_PORT": "many"}, "", "", "http://127.0.0.1:8655"),
        ({"AGENT_URL": "http://127.0.0.1:1", "AGENT_PORT": "2"}, "", "", "http://127.0.0.1:1"),
        ({"AGENT_SOCKET": "/run/a"}, "", "", "http+unix:///run/a"),
        ({"AGENT_URL": "http://127.0.0.1:1", "AGENT_SOCKET": "/a"}, "", "", "http://127.0.0.1:1"),
        ({"AGENT_URL": "http://127.0.0.1:1"}, "", "/run/b", "http+unix:///run/b"),
        ({"AGENT_URL": "http://127.0.0.1:1"}, "http://h:2", "/run/b", "http://h:2"),
    ],
)
def test_address_is_what_was_asked_for_else_what_the_environment_says(
    tmp_path: Path, environ: dict[str, str], url: str, path: str, expected: str
) -> None:
    assert address({**environ, "TMPDIR": str(tmp_path)}, url, path) == expected


def test_call_sends_the_body_then_returns_the_answer() -> None:
    script = Script({"POST /v1/ready": (200, {"phase": "ready"})})
    with serving(script) as url:
        assert Client(f"{url}/").call("POST", "/v1/ready", {}) == {"phase": "ready"}
    assert script.asked == [("POST", "/v1/ready", {})]
    assert "authorization" not in script.headers[0]


def test_token_goes_along_as_a_bearer() -> None:
    script = Script({"GET /v1/status": (200, {})})
    with serving(script) as url:
        Client(url, "sesame").call("GET", "/v1/status")
    assert script.headers[0]["authorization"] == "Bearer sesame"
    assert script.headers[0]["host"] == "localhost"


def test_agent_on_a_unix_socket_is_reached(tmp_path: Path) -> None:
    script = Script({"GET /v1/status": (200, {"phase": "ready"})})
    with serving(script, str(tmp_path / "agent sock")) as url:
        assert Client(url).call("GET", "/v1/status") == {"phase": "ready"}
        assert Client(url.replace(" ", "%20")).call("GET", "/v1/status") == {"phase": "ready"}


def test_refusal_carries_the_agents_words() -> None:
    problem = {"title": "Bad request", "detail": "id is missing", "field": "id", "fix": "send id"}
    with (
        serving(Script({"POST /v1/players/join": (400, problem)})) as url,
        pytest.raises(RequestError, match="id is missing") as caught,
    ):
        Client(url).call("POST", "/v1/players/join", {})
    assert (caught.value.field, caught.value.fix) == ("id", "send id")


@pytest.mark.parametrize(("problem", "said"), [({"title": "No"}, "No"), ({}, "HTTP 503")])
def test_refusal_without_detail_still_says_something(problem: dict[str, str], said: str) -> None:
    with (
        serving(Script({"POST /v1/stop": (503, problem)})) as url,
        pytest.raises(RequestError, match=said),
    ):
        Client(url).call("POST", "/v1/stop", {})


@pytest.mark.parametrize("answer", [(200, "<html>"), (404, "<html>"), (200, "[]"), (200, "")])
def test_something_else_at_the_address_is_told(answer: tuple[int, str]) -> None:
    with (
        serving(Script({"GET /v1/status": answer})) as url,
        pytest.raises(UnreachableError, match="is no agent; give the right address"),
    ):
        Client(url).call("GET", "/v1/status")


def test_nobody_at_the_address_is_told_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError) as caught:
        Client(f"http://127.0.0.1:{port}").call("GET", "/v1/status")
    assert str(caught.value) == (
        f"no agent at http://127.0.0.1:{port}; is the game running under it? From outside the "
        "container try: docker exec NAME arbitrium-agent status"
    )


def test_no_socket_file_is_told_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="no agent at http\\+unix:///"):
        Client(f"http+unix://{tmp_path}/none").call("GET", "/v1/status")


def test_silent_agent_does_not_hang_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UnreachableError, match=r"was silent for 0\.1 s; it may be"):
            Client(url).call("GET", "/v1/status")


def talking(serve: Callable[[socket.socket], None]) -> tuple[str, Thread]:
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65_536)
            serve(connection)

    thread = Thread(target=run)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread


@pytest.mark.parametrize("said", [b"SSH-2.0-server\r\n", b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe\n"])
def test_another_protocol_at_the_address_is_told(said: bytes) -> None:
    url, thread = talking(lambda connection: connection.sendall(said))
    with pytest.raises(UnreachableError, match="is no agent"):
        Client(url).call("GET", "/v1/status")
    thread.join()


@pytest.mark.parametrize("url", ["", "localhost:8655", "https://h", "http://", "http://h:port"])
def test_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(SettingsError, match="cannot use the address"):
        Client(url).call("GET", "/v1/status")


def test_stream_is_read_to_its_end() -> None:
    script = Script(streams=[[{"phase": "ready"}, {"phase": "stopped"}]])
    with serving(script) as url:
        told = list(Client(url).follow("/v1/events"))
    assert told == [{"phase": "ready"}, {"phase": "stopped"}]


def test_chunked_stream_is_read_line_by_line_with_its_blank_ones_left_out() -> None:
    lines = b'{"phase": "ready"}\n\n{"phase": "stopped"}\n'
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (lines[:25], lines[25:]))
    url, thread = talking(lambda connection: connection.sendall(head + chunks + b"0\r\n\r\n"))
    told = list(Client(url).follow("/v1/events"))
    thread.join()
    assert told == [{"phase": "ready"}, {"phase": "stopped"}]
