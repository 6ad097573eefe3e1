"""The GSDK's heartbeat: what a game says, what it is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from ..core.expectations import GSDK
from ..core.phases import Phase
from ..core.snapshot import Status

INTERVAL_MS = 1000  # the clients clamp less to it
_STOPPING = (Phase.DRAINING, Phase.STOPPING, Phase.STOPPED)


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat.

    Attributes:
        state: in lower case, empty where it was not said.
        is_healthy: nothing else was said.
        players: their ids, None where nothing was said.
        fault: why the body could not be read, or empty.
    """

    state: str = ""
    is_healthy: bool = True
    players: tuple[str, ...] | None = None
    fault: str = ""


def read(body: bytes) -> Beat:
    """Return what a heartbeat says; every flavour spells it in its own way, all is optional."""
    try:
        said = json.loads(body or b"{}")
    except ValueError as error:
        return Beat(fault=f"it is no JSON: {error}")
    if not isinstance(said, dict):
        return Beat(fault="it is no JSON object")
    fields = {str(name).lower(): value for name, value in said.items()}
    health = fields.get("currentgamehealth")
    return Beat(
        state=str(fields.get("currentgamestate") or "").lower(),
        is_healthy=str(health or "healthy").lower() != "unhealthy",
        players=_players(fields.get("currentplayers")),
    )


def calls(beat: Beat) -> tuple[str, ...]:
    """Return what a heartbeat counts as where calls are expected (``AGENT_EXPECT``)."""
    state = (beat.state,) if beat.state in GSDK else ()
    return (*state, "players") if beat.players else state


def answer(
    beat: Beat, status: Status, session: Mapping[str, object], maintenance: str
) -> dict[str, object]:
    """Return the answer.

    ``Active`` goes out with its session while the game says StandingBy, and only then: an
    answer that was lost is given again, while Unity's client throws on a second one.

    Args:
        beat: what the game said.
        status: how it stands.
        session: see `session_config`.
        maintenance: when the deployment will be ended for its age (ISO 8601, UTC), or empty.
    """
    told: dict[str, object] = {
        # Java's client unboxes both, so they are always there.
        "operation": _operation(beat, status),
        "nextHeartbeatIntervalMs": INTERVAL_MS,
    }
    if told["operation"] == "Active":
        told["sessionConfig"] = dict(session)
    if maintenance:
        told["nextScheduledMaintenanceUtc"] = maintenance
    return told


def session_config(
    deployment: Mapping[str, object], match: Mapping[str, object] | None
) -> dict[str, object]:
    """Return the session that a game is made active with: what the matchmaker knows of it.

    The id is the same for the deployment's whole life, also from another agent; C#'s client
    wants a GUID. Players' addresses, which the tickets hold, are left out.
    """
    name = deployment.get("request_id") or "local"
    match = match or {}
    tickets = match.get("ticket_ids")
    cookie = {
        key: match[key]
        for key in ("id", "profile", "equality", "intersection", "groups", "teams")
        if match.get(key)
    }
    return {
        "sessionId": str(uuid5(NAMESPACE_URL, f"edgegap:{name}")),
        "sessionCookie": json.dumps(cookie) if cookie else "",
        "initialPlayers": list(tickets) if isinstance(tickets, list | tuple) else [],
        "metadata": {},
    }


def _operation(beat: Beat, status: Status) -> str:
    if status.stop is not None or status.phase in _STOPPING:
        return "Terminate"
    return "Active" if beat.state == "standingby" else "Continue"


def _players(said: object) -> tuple[str, ...] | None:
    if not isinstance(said, list):
        return None
    return tuple(filter(None, map(_player, said)))


def _player(said: object) -> str:
    if isinstance(said, dict):
        fields = {str(name).lower(): value for name, value in said.items()}
        return str(fields.get("playerid") or "")
    return str(said) if isinstance(said, str | int) else ""
