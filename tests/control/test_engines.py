"""Calls as engines and tools send them."""

import gzip
import json
import logging
from urllib.parse import quote

import pytest

from agent.core import events as e
from tests.control.desk import Served

HOST = b"Host: 127.0.0.1:8655\r\n"


def post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize("blank", [b"", b"  \r\n", b"\0", b"\xef\xbb\xbf"])
async def test_nothing_is_an_empty_object(served: Served, blank: bytes) -> None:
    answer = await served.raw(post("/v1/health", blank))
    assert answer.code == 200
    assert served.desk.posted[-1] == e.HealthReported("healthy", 0.0)


async def test_unreal_posts_without_a_body_or_its_length(served: Served) -> None:
    """Unreal's IHttpRequest with no content; the header set is libcurl's."""
    answer = await served.raw(
        b"POST /v1/ready HTTP/1.1\r\nHost: 127.0.0.1:8655\r\nAccept: */*\r\n"
        b"Accept-Encoding: deflate, gzip\r\n"
        b"User-Agent: Arena/++UE5+Release-5.4-CL-33043543 Linux/5.15\r\n\r\n"
    )
    assert answer.code == 200


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=x", "?"]
)
async def test_content_type_does_not_matter(served: Served, kind: str) -> None:
    """``curl -d`` calls JSON a form."""
    answer = await served.raw(post("/v1/match/start", b'{"id": "m"}', f"Content-Type: {kind}"))
    assert answer.code == 200
    assert served.desk.posted[-1] == e.MatchStarted("m")


async def test_unity_string_post_is_told_what_it_did(served: Served) -> None:
    """UnityWebRequest.Post(url, string) escapes the JSON as a form."""
    body = quote('{"id":"ann"}').encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    unity = ("User-Agent: UnityPlayer/2022.3.10f1 (UnityWebRequest/1.0, libcurl/7.84.0-DEV)",)
    answer = await served.raw(
        post("/v1/players/join", body, kind, "X-Unity-Version: 2022.3", *unity)
    )
    assert answer.code == 400
    assert "URL-encoded JSON" in answer.json["detail"]
    assert "UploadHandlerRaw" in answer.json["fix"]
    assert served.desk.posted == []


async def test_form_fields_are_sent_to_the_query(served: Served) -> None:
    answer = await served.raw(post("/v1/players/join", b"id=ann"))
    assert answer.code == 400
    assert "?id=ann" in answer.json["fix"]


async def test_unity_json_utility_sends_every_field(served: Served) -> None:
    """JsonUtility writes a null list as an empty one: the count is meant."""
    await served.raw(
        b"PUT /v1/players HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33\r\n\r\n"
        b'{"ids":[],"count":3,"capacity":8}'
    )
    assert served.desk.posted[-1] == e.PlayersSet((), 3, 8)


async def test_godot_numbers_are_floats(served: Served) -> None:
    """JSON.stringify of GDScript writes 3.0; so does Lua."""
    body = b'{"ids": null, "count": 3.0, "capacity": 16.0}'
    answer = await served.call("PUT", "/v1/players", body)
    assert answer.code == 200
    assert served.desk.posted[-1] == e.PlayersSet((), 3, 16)


@pytest.mark.parametrize(
    ("written", "read"),
    [("7", "7"), ("7.0", "7"), ("1.5", "1.5"), ("76561198000000000", "76561198000000000")],
)
async def test_numeric_id_is_a_text(served: Served, written: str, read: str) -> None:
    """Steam ids, connection ids."""
    await served.call("POST", "/v1/players/join", f'{{"id": {written}}}'.encode())
    await served.call("PUT", "/v1/players", f'{{"ids": [{written}]}}'.encode())
    assert served.desk.posted == [e.PlayerJoined(read), e.PlayersSet((read,), None, None)]


async def test_scalars_may_stand_in_the_query(served: Served) -> None:
    await served.call("POST", "/v1/hold?seconds=60&why=boss%20fight")
    await served.call("POST", "/v1/hold?seconds=60", b'{"seconds": 90}')
    await served.call("PUT", "/v1/players?count=2&capacity=4")
    assert served.desk.posted[1:] == [
        e.HoldPlaced(60.0, "boss fight"),
        e.HoldPlaced(90.0, ""),
        e.PlayersSet((), 2, 4),
    ]


async def test_list_in_the_query_is_not_taken_for_nobody(served: Served) -> None:
    answer = await served.call("PUT", "/v1/players?ids=ann")
    assert answer.code == 400
    assert "send it in the body" in answer.json["fix"]
    assert served.desk.posted == []


async def test_unknown_field_is_ignored_with_its_nearest_known(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "agent.control"):
        for _ in range(3):
            await served.call("POST", "/v1/hold?x=1", b'{"seconds": 5, "reason": "b"}')
        answer = await served.call("POST", "/v1/hold?x=1", b'{"seconds": 5, "reason": "b"}')
    assert answer.code == 200
    assert answer.json["warnings"] == [
        "ignored unknown field reason; known are: seconds, why",
        "ignored unknown field x; known are: seconds, why",
    ]
    assert len(caplog.records) == 2, "one line each, not one a call"
    answer = await served.call("PUT", "/v1/players", b'{"Ids": ["ann"], "count": 1}')
    assert answer.json["warnings"] == ["ignored unknown field Ids; did you mean ids?"]
    answer = await served.call("POST", "/v1/ready", b'{"now": 1}')
    assert answer.json["warnings"] == ["ignored unknown field now; known are: none"]


async def test_missing_field_names_the_one_that_was_meant(served: Served) -> None:
    answer = await served.call("POST", "/v1/hold", b'{"second": 60}')
    assert answer.json["field"] == "seconds"
    assert "did you mean seconds?" in answer.json["fix"]


async def test_unknown_fields_cannot_fill_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({f"field-{at}": 1 for at in range(500)}).encode()
    with caplog.at_level(logging.WARNING, "agent.control"):
        answer = await served.call("POST", "/v1/ready", body)
        for at in range(100):
            await served.call("POST", f"/v1/ready?other-{at}=1")
    assert len(answer.json["warnings"]) == 8
    assert len(caplog.records) == 64


async def test_curl_waits_to_be_asked_for_a_large_body(served: Served) -> None:
    ids = json.dumps({"ids": ["x" * 100] * 30}).encode()
    head = (
        b"PUT /v1/players HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        b"Content-Length: %d\r\n\r\n" % len(ids)
    )
    async with served.connected() as caller:
        assert (await caller.say(head)).code == 100
        assert (await caller.say(ids)).code == 200
        assert (await caller.say(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")).code == 200


async def test_too_large_body_is_not_asked_for(served: Served) -> None:
    async with served.connected() as caller:
        answer = await caller.say(
            b"PUT /v1/players HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Length: 262145\r\n\r\n"
        )
    assert answer.code == 413


async def test_other_expectation_is_417(served: Served) -> None:
    answer = await served.raw(post("/v1/ready", b"", "Expect: miracles"))
    assert answer.code == 417


async def test_http_1_0_without_a_host(served: Served) -> None:
    """As ApacheBench and small C clients send it."""
    async with served.connected() as caller:
        head = b"POST /v1/match/start HTTP/1.0\r\nContent-Length: 10\r\n\r\n"
        assert (await caller.say(head + b'{"id":"m"}')).code == 200
        assert await caller.is_closed()
    assert served.desk.posted[-1] == e.MatchStarted("m")


async def test_many_calls_on_one_connection(served: Served) -> None:
    async with served.connected() as caller:
        for at in range(50):
            body = b'{"id": "p%d"}' % at
            assert (await caller.say(post("/v1/players/join", body))).code == 200
    assert len(served.desk.posted) == 50


async def test_pipelined_calls_are_answered_in_order(served: Served) -> None:
    """Two requests in one packet."""
    async with served.connected() as caller:
        one = post("/v1/players/join", b'{"id": "a"}')
        two = post("/v1/players/leave", b'{"id": "a"}')
        assert (await caller.say(one + two)).json["revision"] == 2
        assert (await caller.hear()).json["revision"] == 3


async def test_chunked_body(served: Served) -> None:
    """Node's fetch with a stream, Java's BodyPublishers of unknown length."""
    answer = await served.raw(
        b"POST /v1/match/start HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'5\r\n{"id"\r\n5\r\n:"m"}\r\n0\r\n\r\n'
    )
    assert answer.code == 200
    assert served.desk.posted[-1] == e.MatchStarted("m")


async def test_java_offers_http_2_with_its_post(served: Served) -> None:
    """java.net.http.HttpClient adds an h2c upgrade to every plain call."""
    answer = await served.raw(
        post(
            "/v1/match/start",
            b'{"id": "m"}',
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
        )
    )
    assert answer.code == 200
    assert served.desk.posted[-1] == e.MatchStarted("m")


async def test_compressed_body(served: Served) -> None:
    body = gzip.compress(b'{"id": "m"}')
    answer = await served.raw(post("/v1/match/start", body, "Content-Encoding: gzip"))
    assert answer.code == 200
    assert served.desk.posted[-1] == e.MatchStarted("m")


async def test_head_is_get_without_the_body(served: Served) -> None:
    for path in ("/healthz", "/v1/status", "/v1/events", "/openapi.json"):
        async with served.connected() as caller:
            head = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            answer = await caller.say(head.encode(), has_body=False)
            assert answer.code == 200
            assert await caller.is_closed(), "no body came"


@pytest.mark.parametrize("path", ["/v1/status/", "//v1/status", "/v1//status//?x=1"])
async def test_slashes_too_many_are_forgiven(served: Served, path: str) -> None:
    assert (await served.call("GET", path)).json["revision"] == 1


UNREADABLE = [
    ('{"id": "m"}'.encode("utf-16"), "UTF-16"),
    ('{"id": "m"}'.encode("utf-16-le"), "UTF-16"),
    ('{"id": "m"}'.encode("utf-16-be"), "UTF-16"),
    (b'{"id": "\xff"}', "not UTF-8"),
    (b"[1]", "no object"),
    (b'"text"', "no object"),
    (b"{id: 1}", "as JSON"),
    (b'{"id": "m"', "as JSON"),
    (b'{"id": "\\ud800"}', "as JSON"),
    (b'{"id": ' + b"9" * 5000 + b"}", "as JSON"),
    (b"[" * 100_000, "nested too deeply"),
    (b'{"id": ' + b"[" * 500 + b"]" * 500 + b"}", "cannot take id"),
    (b"--boundary\r\nContent-Disposition: form-data", "as JSON"),
]


@pytest.mark.parametrize(("body", "words"), UNREADABLE)
async def test_unreadable_body_is_told_why(served: Served, body: bytes, words: str) -> None:
    answer = await served.call("POST", "/v1/match/start", body)
    assert answer.code == 400
    assert words in answer.json["detail"]
    assert answer.json["fix"]
    assert served.desk.posted == []


async def test_bom_before_json(served: Served) -> None:
    """C#'s Encoding.UTF8 with a StreamWriter."""
    answer = await served.call("POST", "/v1/match/start", b'\xef\xbb\xbf{"id": "m"}\0')
    assert answer.code == 200
    assert served.desk.posted[-1] == e.MatchStarted("m")
