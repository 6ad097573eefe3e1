"""Each verb tells one fact; the answer is the state afterwards."""

import json

import pytest

from agent.core import events as e
from tests.control.desk import FakeDesk, Served, serving

VERBS: list[tuple[str, str, dict[str, object], e.Event]] = [
    ("POST", "/v1/ready", {}, e.ReadyReported()),
    ("POST", "/v1/health", {}, e.HealthReported("healthy", 0.0)),
    ("POST", "/v1/health", {"status": "unhealthy"}, e.HealthReported("unhealthy", 0.0)),
    (
        "POST",
        "/v1/health",
        {"status": "loading", "seconds": 90},
        e.HealthReported("loading", 90.0),
    ),
    ("POST", "/v1/match/start", {"id": "m-1"}, e.MatchStarted("m-1")),
    ("POST", "/v1/match/start", {}, e.MatchStarted("")),
    ("POST", "/v1/match/end", {"id": "m-1"}, e.MatchEnded("m-1")),
    ("PUT", "/v1/players", {"ids": ["a", "b"]}, e.PlayersSet(("a", "b"), None, None)),
    ("PUT", "/v1/players", {"ids": []}, e.PlayersSet((), None, None)),
    ("PUT", "/v1/players", {"count": 3, "capacity": 8}, e.PlayersSet((), 3, 8)),
    ("POST", "/v1/players/join", {"id": "ann"}, e.PlayerJoined("ann")),
    ("POST", "/v1/players/leave", {"id": "ann"}, e.PlayerLeft("ann")),
    ("POST", "/v1/hold", {"seconds": 900, "why": "boss"}, e.HoldPlaced(900.0, "boss")),
    ("DELETE", "/v1/hold", {}, e.HoldReleased()),
    ("POST", "/v1/stop", {"why": "patch"}, e.StopRequested("patch", "api")),
]


@pytest.mark.parametrize(("method", "path", "body", "fact"), VERBS)
async def test_verb_tells_its_fact_after_the_first_call_was_noted(
    served: Served, method: str, path: str, body: dict[str, object], fact: e.Event
) -> None:
    answer = await served.call(method, path, json.dumps(body).encode())
    assert answer.code == 200
    assert answer.headers["content-type"] == "application/json"
    # The list of players says nothing of being ready: an open port goes on doing that.
    noted = [] if path.startswith("/v1/players") else [e.CallArrived()]
    assert served.desk.posted == [*noted, fact]
    status = served.desk.status()
    assert answer.json["phase"] == status.phase.value
    assert answer.json["revision"] == status.revision == 2 + len(noted)
    assert answer.json["boot_id"] == status.boot_id
    assert answer.json["warnings"] == []


async def test_first_call_is_noted_once_in_a_life(served: Served) -> None:
    for _ in range(3):
        await served.call("POST", "/v1/health")
    assert served.desk.posted.count(e.CallArrived()) == 1
    assert len(served.desk.posted) == 4


async def test_reading_is_no_call(served: Served) -> None:
    for path in ("/healthz", "/readyz", "/v1/status", "/v1/deployment", "/openapi.json"):
        await served.call("GET", path)
    assert served.desk.posted == []


async def test_answer_about_players_counts_them(served: Served) -> None:
    answer = await served.call("PUT", "/v1/players", b'{"ids": ["a", "b"], "capacity": 4}')
    assert (answer.json["players"], answer.json["capacity"]) == (2, 4)


async def test_full_memory_is_413(served: Served) -> None:
    served.desk.is_full = True
    answer = await served.call("POST", "/v1/ready")
    assert answer.code == 413
    assert answer.json["detail"] == "cannot remember that: it is full"
    assert answer.json["fix"] == "send fewer ids"


BAD: list[tuple[str, str, str, int, str]] = [
    ("POST", "/v1/hold", "{}", 400, "seconds"),
    ("POST", "/v1/hold", '{"seconds": 0}', 400, "seconds"),
    ("POST", "/v1/hold", '{"seconds": 86401}', 400, "seconds"),
    ("POST", "/v1/hold", '{"seconds": "NaN"}', 400, "seconds"),
    ("POST", "/v1/hold", '{"seconds": "Infinity"}', 400, "seconds"),
    ("POST", "/v1/hold", '{"seconds": true}', 400, "seconds"),
    ("POST", "/v1/hold", '{"seconds": NaN}', 400, ""),
    ("POST", "/v1/hold", '{"seconds": 1e999}', 400, ""),
    ("POST", "/v1/hold", json.dumps({"seconds": 1, "why": "x" * 513}), 400, "why"),
    ("POST", "/v1/health", '{"status": "fine"}', 400, "status"),
    ("POST", "/v1/health", '{"status": "loading", "seconds": 3601}', 400, "seconds"),
    ("POST", "/v1/health", '{"status": "loading", "seconds": -1}', 400, "seconds"),
    ("PUT", "/v1/players", "{}", 400, "ids"),
    ("PUT", "/v1/players", '{"capacity": 4}', 400, "ids"),
    ("PUT", "/v1/players", '{"count": -1}', 400, "count"),
    ("PUT", "/v1/players", '{"count": 100001}', 400, "count"),
    ("PUT", "/v1/players", '{"count": 1, "capacity": 100001}', 400, "capacity"),
    ("PUT", "/v1/players", '{"count": 1.5}', 400, "count"),
    ("PUT", "/v1/players", '{"ids": "ann"}', 400, "ids"),
    ("PUT", "/v1/players", '{"ids": ["ann", ""]}', 400, "ids[1]"),
    ("PUT", "/v1/players", '{"ids": [true]}', 400, "ids[0]"),
    ("PUT", "/v1/players", '{"ids": [["ann"]]}', 400, "ids[0]"),
    ("PUT", "/v1/players", json.dumps({"ids": ["é" * 65]}), 400, "ids[0]"),
    ("PUT", "/v1/players", json.dumps({"ids": ["a"] * 10_001}), 413, "ids"),
    ("POST", "/v1/players/join", "{}", 400, "id"),
    ("POST", "/v1/players/join", '{"id": ""}', 400, "id"),
    ("POST", "/v1/players/join", '{"id": null}', 400, "id"),
    ("POST", "/v1/players/join", json.dumps({"id": "x" * 129}), 400, "id"),
    ("POST", "/v1/match/start", json.dumps({"id": "é" * 65}), 400, "id"),
    ("POST", "/v1/match/end", json.dumps({"id": "é" * 65}), 400, "id"),
    ("POST", "/v1/stop", '{"why": {}}', 400, "why"),
]


@pytest.mark.parametrize(("method", "path", "body", "code", "field"), BAD)
async def test_bad_field_is_named_with_a_fix_and_changes_nothing(
    served: Served, method: str, path: str, body: str, code: int, field: str
) -> None:
    answer = await served.call(method, path, body.encode())
    assert answer.code == answer.json["status"] == code
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "detail"} <= set(answer.json)
    assert answer.json.get("field", "") == field
    assert answer.json["fix"]
    assert served.desk.posted == []


async def test_the_most_ids_are_taken() -> None:
    desk = FakeDesk()
    async with serving(desk) as served:
        ids = [f"player-{at}" for at in range(10_000)]
        answer = await served.call("PUT", "/v1/players", json.dumps({"ids": ids}).encode())
    assert answer.json["players"] == 10_000
    assert desk.posted[0] == e.PlayersSet(tuple(ids), None, None)


async def test_call_is_noted_by_its_operation_unless_it_was_refused(served: Served) -> None:
    noted: list[str] = []
    served.server.expect(noted.append)
    await served.call("POST", "/v1/ready")
    await served.call("GET", "/v1/status")
    assert (await served.call("PUT", "/v1/players", b"{}")).code == 400
    assert noted == ["ready", "status"]
