"""The GSDK's heartbeat server, called as no client should."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest

from agent.core.options import Options
from agent.core.phases import Reason
from agent.link import Listener
from agent.sdks import serving
from agent.sdks.faces import open_faces
from agent.sdks.known import Known
from tests.core.life import GAME, Life

from .desk import Desk

HEARTBEAT = "/v1/sessionHosts/abc123/heartbeats"


@pytest.fixture
async def place() -> AsyncIterator[tuple[str, Desk]]:
    door = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    life = Life(Options(sdk=("gsdk",), expect=("active",), max_duration=100.0))
    life.at(0.0, GAME)
    desk = Desk(life)
    doors = {"gsdk": [Listener(("127.0.0.1", 0), door.detach())]}
    known = Known(
        desk=desk, doors=doors, deployment={}, match=None, options=life.options, born=0.0
    )
    (face,) = open_faces(known)
    running = asyncio.create_task(face.run())
    yield url, desk
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_heartbeat_that_cannot_be_read_is_a_ping(
    place: tuple[str, Desk], caplog: pytest.LogCaptureFixture
) -> None:
    url, desk = place
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.post(url + HEARTBEAT, data=b"{") as answer:
                assert answer.status == 200
                assert (await answer.json())["operation"] == "Continue"
    assert desk.status().health_age_seconds == 0.0
    caplog.set_level("INFO")
    assert desk.status().ready_by is None


async def test_deployment_near_its_end_of_life_tells_its_maintenance(
    place: tuple[str, Desk],
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.patch(place[0] + "/v1/sessionHosts/abc123", json={}) as answer,
    ):
        told = await answer.json()
    assert told["nextScheduledMaintenanceUtc"].endswith(":00Z")


async def test_game_that_says_it_ends_ends_the_deployment(place: tuple[str, Desk]) -> None:
    url, desk = place
    async with aiohttp.ClientSession() as session:
        body = {"CurrentGameState": "Terminating"}
        async with session.post(url + HEARTBEAT, json=body) as answer:
            assert (await answer.json())["operation"] == "Terminate"
    stop = desk.status().stop
    assert stop is not None
    assert stop.reason is Reason.REQUESTED


async def test_empty_list_is_no_empty_server_before_somebody_was_on_it(
    place: tuple[str, Desk],
) -> None:
    url, desk = place
    counts = []
    async with aiohttp.ClientSession() as session:
        for listed in ([], [{"PlayerId": "p"}], []):
            body = {"CurrentGameState": "Active", "CurrentPlayers": listed}
            async with session.post(url + HEARTBEAT, json=body):
                counts.append(desk.status().players.count)
    assert counts == [None, 1, 0]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", HEARTBEAT, {}, 404),
        ("POST", "/v1/else", {}, 404),
        ("POST", HEARTBEAT, {"Host": "evil.example"}, 403),
        ("POST", HEARTBEAT, {"Origin": "http://evil.example"}, 403),
        ("POST", HEARTBEAT, {"Host": "[::1]:7"}, 200),
        ("POST", HEARTBEAT, {"Host": "localhost"}, 200),
    ],
)
async def test_others_are_refused(
    place: tuple[str, Desk], method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, place[0] + path, headers=headers) as answer,
    ):
        assert answer.status == status


async def test_body_without_end_is_refused(place: tuple[str, Desk]) -> None:
    body = b" " * (serving.BODY_BYTES + 1)
    async with (
        aiohttp.ClientSession() as session,
        session.post(place[0] + HEARTBEAT, data=body) as answer,
    ):
        assert answer.status == 413


async def test_connections_are_bounded(place: tuple[str, Desk]) -> None:
    port = int(place[0].rpartition(":")[2])
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(serving.CONNECTIONS)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""  # turned away
    for each in (*(one for _, one in crowd), writer):
        each.close()


def test_face_that_is_off_is_not_loaded() -> None:
    code = (
        "import sys, agent.wiring; print(*(m for m in sys.modules if m.startswith('agent.sdks.')))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert set(loaded.stdout.split()) == {"agent.sdks.faces", "agent.sdks.known"}


async def test_calls_are_noted_where_some_are_expected(place: tuple[str, Desk]) -> None:
    url, desk = place
    gsdkinfo = f"{url}/v1/metrics/abc123/gsdkinfo"
    async with aiohttp.ClientSession() as session:
        async with session.post(gsdkinfo, json={"Flavor": "Go"}):
            pass
        async with session.post(url + HEARTBEAT, json={"CurrentGameState": "StandingBy"}):
            pass
    assert desk.life.state.calls == ("gsdkinfo", "standingby")
