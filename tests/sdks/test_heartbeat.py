"""What a GSDK heartbeat says, what it is told."""

import json
from typing import Any

import pytest

from agent.core import events as e
from agent.core.snapshot import Status
from agent.sdks import heartbeat
from agent.sdks.heartbeat import Beat, read
from tests.core.life import Life

CAMELS = (
    b'{"currentGameState":"Active","currentGameHealth":"Unhealthy","currentPlayers":'
    b'[{"playerId":"a"},{"playerId":"b"}]}'
)
SESSION = heartbeat.session_config({"request_id": "abc123"}, None)


def status(*, stopping: bool = False) -> Status:
    life = Life.ready()
    if stopping:
        life.at(6.0, e.StopRequested("enough"))
    return life.status


@pytest.mark.parametrize(
    ("body", "beat"),
    [
        (b'{"CurrentGameState":"StandingBy","CurrentGameHealth":"Healthy"}', Beat("standingby")),
        (
            CAMELS,
            Beat("active", is_healthy=False, players=("a", "b")),
        ),
        (b'{"CurrentGameState":"Active","CurrentPlayers":[]}', Beat("active", players=())),
        (b'{"CurrentGameHealth":"","CurrentPlayers":null}', Beat()),
        (b'{"CurrentPlayers":["a",7,{"other":1}]}', Beat(players=("a", "7"))),
        (b"", Beat()),
    ],
)
def test_every_flavours_spelling_is_read(body: bytes, beat: Beat) -> None:
    assert read(body) == beat


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"x"'])
def test_body_that_is_none_is_a_heartbeat_with_a_fault(body: bytes) -> None:
    assert read(body).fault
    assert heartbeat.answer(read(body), status(), SESSION, "")["operation"] == "Continue"


def test_session_comes_with_active_while_the_game_stands_by_only() -> None:
    told = {
        state: heartbeat.answer(Beat(state), status(), SESSION, "")
        for state in ("initializing", "standingby", "active", "")
    }
    assert {state: answer["operation"] for state, answer in told.items()} == {
        "initializing": "Continue",
        "standingby": "Active",
        "active": "Continue",
        "": "Continue",
    }
    assert [state for state, answer in told.items() if "sessionConfig" in answer] == ["standingby"]
    assert all(answer["nextHeartbeatIntervalMs"] == 1000 for answer in told.values())


def test_every_stop_is_told_as_terminate() -> None:
    told = heartbeat.answer(Beat("active"), status(stopping=True), SESSION, "")
    assert told["operation"] == "Terminate"


def test_maintenance_is_told_where_it_is_near() -> None:
    told = heartbeat.answer(Beat("active"), status(), SESSION, "2026-01-01T00:00:00Z")
    assert told["nextScheduledMaintenanceUtc"] == "2026-01-01T00:00:00Z"


def test_session_holds_the_match_without_the_players_addresses() -> None:
    match: dict[str, Any] = {
        "id": "m",
        "profile": "p",
        "ticket_ids": ["t1", "t2"],
        "tickets": {"t1": {"player_ip": "203.0.113.9"}},
        "equality": {"mode": "quick"},
    }
    session = heartbeat.session_config({"request_id": "abc123"}, match)
    assert session["initialPlayers"] == ["t1", "t2"]
    assert json.loads(str(session["sessionCookie"])) == {
        "id": "m",
        "profile": "p",
        "equality": {"mode": "quick"},
    }
    assert "203.0.113.9" not in json.dumps(session)
    assert session["sessionId"] == SESSION["sessionId"]  # of the deployment, for its whole life


@pytest.mark.parametrize(
    ("beat", "calls"),
    [
        (Beat("standingby"), ("standingby",)),
        (Beat("active", players=("a",)), ("active", "players")),
        (Beat("active", players=()), ("active",)),
        (Beat("invented"), ()),
    ],
)
def test_heartbeat_counts_as_the_calls_that_made_it(beat: Beat, calls: tuple[str, ...]) -> None:
    assert heartbeat.calls(beat) == calls
