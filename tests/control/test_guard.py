"""Who may call."""

from pathlib import Path

import pytest

from tests.control.desk import Answer, Served, serving


async def ask(
    served: Served, *lines: str, path: str = "/v1/ready", version: str = "1.1"
) -> Answer:
    head = [f"POST {path} HTTP/{version}", *lines, "Content-Length: 0", "", ""]
    return await served.raw("\r\n".join(head).encode("latin-1"))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8655",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:80",
        "::1",
    ],
)
async def test_our_own_names_are_served(served: Served, host: str) -> None:
    assert (await ask(served, f"Host: {host}")).code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8655",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "0.0.0.0",
        "[::1",
        "",
        "192.0.2.1",
        "::1]",
        "\xff\xfe",
    ],
)
async def test_foreign_host_is_refused(served: Served, host: str) -> None:
    """DNS rebinding: the page's own name leads to 127.0.0.1."""
    answer = await ask(served, f"Host: {host}")
    assert answer.code == 403
    assert answer.json["field"] == "Host"
    assert served.desk.posted == []


async def test_second_host_does_not_help(served: Served) -> None:
    answer = await ask(served, "Host: localhost", "Host: evil.example")
    assert answer.code in {400, 403}
    assert served.desk.posted == []


async def test_http_1_1_needs_a_host(served: Served) -> None:
    answer = await ask(served)
    assert answer.code == 400
    assert "Host" in answer.json["detail"]


async def test_http_1_0_needs_none(served: Served) -> None:
    assert (await ask(served, version="1.0")).code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://[::1", "x"]
)
async def test_foreign_origin_is_refused(served: Served, origin: str) -> None:
    answer = await ask(served, "Host: localhost", f"Origin: {origin}")
    assert (answer.code, answer.json["field"]) == (403, "Origin")
    assert served.desk.posted == []


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8655", ""])
async def test_page_of_this_machine_may_call(served: Served, origin: str) -> None:
    assert (await ask(served, "Host: localhost", f"Origin: {origin}")).code == 200


async def test_unix_socket_has_no_host_to_check(tmp_path: Path) -> None:
    async with serving(path=str(tmp_path / "agent.sock")) as served:
        assert (await ask(served, version="1.0")).code == 200
        assert (await ask(served, "Host: agent")).code == 200
        refused = await ask(served, "Host: agent", "Origin: https://evil.example")
    assert refused.code == 403


class TestToken:
    @pytest.mark.parametrize("given", ["Bearer s3cret", "bearer  s3cret", "s3cret"])
    async def test_right_token_is_served(self, given: str) -> None:
        async with serving(token="s3cret") as served:
            assert (await ask(served, "Host: localhost", f"Authorization: {given}")).code == 200

    @pytest.mark.parametrize(
        "given", ["Bearer", "Bearer x", "s3cre", "s3crett", "Basic s3cret", "\xff\xfe", ""]
    )
    async def test_wrong_token_is_refused_without_a_word_of_it(self, given: str) -> None:
        async with serving(token="s3cret") as served:
            answer = await ask(served, "Host: localhost", f"Authorization: {given}")
            assert answer.code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert b"s3cret" not in answer.body
            assert served.desk.posted == []

    async def test_probes_need_none_all_else_does(self) -> None:
        async with serving(token="s3cret") as served:
            codes = {
                path: (await served.call("GET", path)).code
                for path in ("/healthz", "/readyz", "/v1/status", "/v1/events", "/openapi.json")
            }
            stopped = await served.call("DELETE", "/v1/self/stop/a/0")
        assert codes == {
            "/healthz": 200,
            "/readyz": 503,
            "/v1/status": 401,
            "/v1/events": 401,
            "/openapi.json": 401,
        }
        assert stopped.code == 401

    async def test_token_that_is_no_ascii(self) -> None:
        async with serving(token="pässwort") as served:
            answer = await served.raw(
                "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n"
                "Authorization: Bearer pässwort\r\n\r\n".encode()
            )
        assert answer.code == 200
