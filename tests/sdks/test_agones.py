"""Agones' REST, answer by answer as the real server was seen to give them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from agent.core.options import Options
from agent.link import Listener
from agent.sdks.faces import open_faces
from agent.sdks.known import Known
from tests.core.life import GAME, Life

from .desk import Desk

DEPLOYMENT: dict[str, object] = {
    "request_id": "abc123",
    "public_ip": "203.0.113.7",
    "ports": {"gameport": {"internal": 7777, "external": 31504}, "odd": {}},
    "tags": ["blue"],
    "location": {"city": "Montreal"},
}


class Place:
    """A face on a port, with a client."""

    def __init__(self, session: aiohttp.ClientSession, url: str, desk: Desk) -> None:
        self.session, self.url, self.desk = session, url, desk

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        async with self.session.request(method, self.url + path, data=data) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if raw else None


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    rest, grpc = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    url = f"http://127.0.0.1:{rest.getsockname()[1]}"
    life = Life(Options(sdk=("agones",), agones_allocate="never"))
    life.at(0.0, GAME)
    desk = Desk(life)
    doors = {
        "agones": [Listener(("127.0.0.1", 0), rest.detach())],
        "agones_grpc": [Listener(("127.0.0.1", 0), grpc.detach())],
    }
    known = Known(
        desk=desk,
        doors=doors,
        deployment=DEPLOYMENT,
        match={"id": "m-7"},
        options=life.options,
        born=0.0,
    )
    (face,) = open_faces(known)
    running = asyncio.create_task(face.run())
    async with aiohttp.ClientSession() as session:
        yield Place(session, url, desk)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_game_server_is_written_as_agones_writes_it(place: Place) -> None:
    status, server = await place.call("GET", "/gameserver")
    assert status == 200
    meta = server["object_meta"]
    assert (meta["name"], meta["uid"], meta["namespace"]) == ("abc123", "abc123", "default")
    assert meta["labels"] == {"edgegap.com/tag-blue": "true"}
    assert meta["annotations"] == {"edgegap.com/city": "Montreal", "edgegap.com/match-id": "m-7"}
    assert int(meta["creation_timestamp"]) > 0
    assert server["spec"]["health"] == {
        "disabled": False,
        "period_seconds": 5,
        "failure_threshold": 12,
        "initial_delay_seconds": 0,
    }
    assert server["status"] == {
        "state": "Scheduled",
        "address": "203.0.113.7",
        "addresses": [],
        "ports": [{"name": "gameport", "port": 31504}],
        "players": None,
        "counters": {},
        "lists": {},
    }


@pytest.mark.parametrize(
    ("call", "status", "code", "message"),
    [
        (("POST", "/ready", b"{"), 400, 3, "Expecting property name"),
        (("POST", "/ready", b"[]"), 400, 3, "a JSON object is wanted"),
        (("POST", "/reserve", {"seconds": "x"}), 400, 3, "seconds: a whole number is wanted"),
        (("POST", "/reserve", {"seconds": True}), 400, 3, "seconds: a whole number is wanted"),
        (("POST", "/reserve", {"seconds": 2**70}), 400, 3, "seconds: an int64 is wanted"),
        (("POST", "/reserve", {"seconds": -1}), 400, 3, "a reservation of -1 s cannot be"),
        (("GET", "/nowhere", None), 404, 5, "Not Found"),
        (("GET", "/", None), 404, 5, "Not Found"),
        (("GET", "/ready", None), 501, 12, "Method Not Allowed"),
        (("OPTIONS", "/gameserver", None), 501, 12, "Method Not Allowed"),
        (("PUT", "/metadata/label", {"key": "a/b", "value": "v"}), 400, 3, "no name that Kube"),
        (("PUT", "/metadata/label", {"key": "a", "value": "v v"}), 400, 3, "none that Kubernetes"),
        (("PUT", "/metadata/label", {"key": 7}), 400, 3, "key: a text is wanted"),
        (("PUT", "/metadata/annotation", {"key": "a", "value": "x" * 5000}), 400, 3, "too long"),
        (("GET", "/v1beta1/counters/sheep", None), 500, 2, "not found. sheep Counter not found"),
        (
            ("PATCH", "/v1beta1/counters/rooms", {"count": "500", "capacity": "11"}),
            500,
            2,
            "within range [0,Capacity]. Found Count: 500, Capacity: 11",
        ),
        (("PATCH", "/v1beta1/counters/rooms", {"capacity": -1}), 500, 2, "out of range. Capacity"),
        (("GET", "/v1beta1/lists/sheep", None), 500, 2, "not found. sheep List not found"),
        (("PATCH", "/v1beta1/lists/rooms", {"values": [7]}), 400, 3, "a list of texts is wanted"),
        (("PATCH", "/v1beta1/lists/rooms", {"capacity": 1001}), 500, 2, "range [0,1000]"),
        (
            ("POST", "/v1beta1/lists/players:removeValue", {"value": "zzz"}),
            500,
            2,
            "not found. Value: zzz not found in List: players",
        ),
        (("POST", "/v1beta1/lists/rooms:addValue", {"value": "x" * 300}), 400, 3, "too long"),
        (("PUT", "/alpha/player/capacity", {"count": -1}), 400, 3, "a capacity of -1 cannot be"),
    ],
)
async def test_refusal_has_agones_code(
    place: Place, call: tuple[str, str, object], status: int, code: int, message: str
) -> None:
    before = place.desk.life.state.server
    found, told = await place.call(*call)
    assert (found, told["code"], told["details"]) == (status, code, [])
    assert message in told["message"]
    assert place.desk.life.state.server == before


async def test_empty_health_is_an_error_and_a_stream_of_pings_is_none(place: Place) -> None:
    assert await place.call("POST", "/health", b"") == (400, None)
    assert place.desk.status().health_age_seconds is None
    assert await place.call("POST", "/health", b"{}{}{}") == (200, {})
    assert place.desk.status().health_age_seconds == 0.0


async def test_counters_and_lists_go_up_and_down(place: Place) -> None:
    path = "/v1beta1/counters/rooms"
    assert (await place.call("GET", path))[1] == {
        "name": "rooms",
        "count": "0",
        "capacity": "1000",
    }
    assert (await place.call("PATCH", path, {"countDiff": "4"}))[1]["count"] == "4"
    lowered = (await place.call("PATCH", path, {"capacity": 3}))[1]
    assert lowered == {"name": "rooms", "count": "3", "capacity": "3"}
    players = "/v1beta1/lists/players"
    for value in ("ann", "bob"):
        await place.call("POST", f"{players}:addValue", {"value": value})
    told = (await place.call("PATCH", players, {"capacity": "1"}))[1]
    assert told == {"name": "players", "capacity": "1", "values": ["ann"]}
    full = await place.call("POST", f"{players}:addValue", {"value": "cid"})
    assert full[0] == 500
    assert "No available capacity" in full[1]["message"]
    twice = await place.call("POST", f"{players}:addValue", {"value": "ann"})
    assert "already exists. Value: ann already in List: players" in twice[1]["message"]
    await place.call("POST", f"{players}:removeValue", {"value": "ann"})
    assert place.desk.status().players.count == 0


async def test_counter_named_players_counts_the_players(place: Place) -> None:
    await place.call("PATCH", "/v1beta1/counters/players", {"count": 3, "capacity": 8})
    players = place.desk.status().players
    assert (players.count, players.capacity) == (3, 8)


async def test_players_are_tracked(place: Place) -> None:
    assert (await place.call("GET", "/alpha/player/capacity"))[1] == {"count": "0"}
    await place.call("PUT", "/alpha/player/capacity", {"count": "1"})
    player = {"playerID": "ann"}
    joined = [(await place.call("POST", "/alpha/player/connect", player))[1] for _ in range(2)]
    assert joined == [{"bool": True}, {"bool": False}]
    full = await place.call("POST", "/alpha/player/connect", {"playerID": "bob"})
    assert (full[0], full[1]["message"]) == (500, "Players are already at capacity")
    assert (await place.call("GET", "/alpha/player/connected"))[1] == {"list": ["ann"]}
    assert (await place.call("GET", "/alpha/player/connected/ann"))[1] == {"bool": True}
    assert (await place.call("GET", "/alpha/player/count"))[1] == {"count": "1"}
    shown = (await place.call("GET", "/gameserver"))[1]["status"]["players"]
    assert shown == {"count": "1", "capacity": "1", "ids": ["ann"]}
    left = [(await place.call("POST", "/alpha/player/disconnect", player))[1] for _ in range(2)]
    assert left == [{"bool": True}, {"bool": False}]


async def test_reservation_holds_until_the_next_state(place: Place) -> None:
    await place.call("POST", "/reserve", {"seconds": "0"})
    hold = place.desk.status().hold
    assert hold is not None
    assert "reserved" in hold.why
    await place.call("POST", "/ready")
    assert place.desk.status().hold is None


async def test_watch_begins_with_the_state_and_tells_each_change_once(place: Place) -> None:
    async with place.session.get(place.url + "/watch/gameserver") as answer:
        states = [json.loads(await answer.content.readline())["result"]["status"]["state"]]
        await place.call("POST", "/health")  # no change that a watcher can see
        await place.call("POST", "/ready")
        await place.call("POST", "/allocate")
        while states[-1] != "Allocated":
            line = json.loads(await answer.content.readline())
            if line["result"]["status"]["state"] != states[-1]:
                states.append(line["result"]["status"]["state"])
    assert states == ["Scheduled", "Ready", "Allocated"]


async def test_watch_is_a_websocket_where_that_is_asked_for(place: Place) -> None:
    async with place.session.ws_connect(place.url + "/watch/gameserver") as stream:
        first = json.loads((await stream.receive()).data)["result"]["status"]["state"]
        await place.call("POST", "/shutdown")
        second = json.loads((await stream.receive()).data)["result"]["status"]["state"]
    assert (first, second) == ("Scheduled", "Shutdown")


async def test_others_are_refused(place: Place) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        async with place.session.post(place.url + "/shutdown", headers=headers) as answer:
            assert answer.status == 403
    async with place.session.post(place.url + "/ready", data=b" " * 300_000) as answer:
        assert answer.status == 413
    assert place.desk.status().stop is None


async def test_without_grpclib_rest_is_spoken_alone_and_grpc_refused(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from agent.sdks.agones_face import AgonesFace

    monkeypatch.setattr("agent.sdks.agones_face.find_spec", lambda _: None)
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    life = Life(Options(sdk=("agones",)))
    life.at(0.0, GAME)
    known = Known(
        desk=Desk(life),
        doors={"agones_grpc": [Listener(("127.0.0.1", 0), door.detach())]},
        deployment={},
        match=None,
        options=life.options,
        born=0.0,
    )
    running = asyncio.create_task(AgonesFace(known).run())
    async with asyncio.timeout(20):
        while True:  # until it says so, its door refuses
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                break
            writer.close()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert "install arbitrium-agent[grpc]" in caplog.text
