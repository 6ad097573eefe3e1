"""The heartbeat server of PlayFab's game server SDK."""

import json
import logging
from datetime import UTC, datetime, timedelta

from aiohttp import web

from .. import clock
from ..core import events as e
from ..core.phases import Phase
from ..core.snapshot import Status
from . import heartbeat, serving
from .heartbeat import Beat
from .known import Known

LOG = logging.getLogger("agent.gsdk")

_LIVING = ("standingby", "active")
_ENDING = ("terminating", "terminated")
_MINUTE = timedelta(minutes=1)


class Gsdk:
    """A translator: heartbeats into facts, the state into operations."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._session = heartbeat.session_config(known.deployment, known.match)
        self._said: set[str] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        await serving.serve(self._answer, self._known.doors.get("gsdk", ()))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if serving.is_foreign(request):
            return _json({"error": "cannot answer: only this machine's game may call"}, 403)
        body = await serving.body(request)
        if body is None:
            return _json({"error": "cannot read it: the body is too large"}, 413)
        parts = tuple(part.lower() for part in request.path.split("/") if part)
        match request.method, parts:
            case "POST", ("v1", "metrics", _, "gsdkinfo"):
                if self._known.options.expect:
                    self._known.desk.post(e.CallNoted("gsdkinfo"))
                self._note("info", f"the game speaks GSDK: {_shown(body)}")
                return _json({})
            case ("PATCH", ("v1", "sessionhosts", _)) | (
                "POST",
                ("v1", "sessionhosts", _, "heartbeats") | ("v1", "titles", *_, "heartbeat"),
            ):
                return _json(self._take(heartbeat.read(body)))
            case _:
                why = f"cannot {request.method} it: the GSDK has no such call"
                return _json({"error": why}, 404)

    def _take(self, beat: Beat) -> dict[str, object]:
        """Hand in what a heartbeat says; a bad one is answered too, or clients give up."""
        desk = self._known.desk
        status = desk.status()
        if beat.fault:
            self._note("fault", f"cannot read a heartbeat: {beat.fault}; it counts as a ping")
        for fact in self._facts(beat, status):
            status = desk.post(fact)
        return heartbeat.answer(beat, status, self._session, self._maintenance())

    def _facts(self, beat: Beat, status: Status) -> list[e.Event]:
        facts: list[e.Event] = [e.CallArrived()]
        facts.append(e.HealthReported("healthy" if beat.is_healthy else "unhealthy"))
        if self._known.options.expect:
            facts += map(e.CallNoted, heartbeat.calls(beat))
        if beat.state in _LIVING and status.phase is Phase.STARTING:
            facts.append(e.ReadyReported())
        if beat.state == "active" and status.match is None:
            facts.append(e.MatchStarted(str(self._session["sessionId"])))
        if beat.players is not None and _is_news(beat.players, status):
            facts.append(e.PlayersSet(beat.players))
        if beat.state in _ENDING and status.stop is None:
            facts.append(e.StopRequested(f"the game says that it is {beat.state}"))
        return facts

    def _maintenance(self) -> str:
        """Return when the deployment ends for its age, once that is near.

        Not earlier: games take the announcement for a reason to end their match.
        """
        options = self._known.options
        left = self._known.born + options.max_duration - clock.now()
        if not options.max_duration or left > options.max_duration_warning:
            return ""
        at = datetime.now(UTC) + timedelta(seconds=left)
        # Whole minutes: the clients call the game again for each new value.
        at = at.replace(second=0, microsecond=0) + _MINUTE
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _note(self, what: str, line: str) -> None:
        """Say something once."""
        if what not in self._said:
            self._said.add(what)
            LOG.info("%s", line)


def _is_news(players: tuple[str, ...], status: Status) -> bool:
    """Return whether the list says something that is not known.

    A game that never tells its SDK of players sends an empty list all the time: that is no
    sign of an empty server before somebody was on it.
    """
    if not players and status.players.source is None:
        return False
    return set(players) != set(status.players.ids)


def _shown(body: bytes) -> str:
    """Return the flavour and the version, as far as they are words."""
    try:
        told = json.loads(body)
        words = [str(told[name]) for name in ("Flavor", "Version")]
    except (ValueError, KeyError, TypeError):
        return "flavour unknown"
    return " ".join(word for word in words if word.isprintable())[:80]


def _json(told: object, status: int = 200) -> web.Response:
    encoded = json.dumps(told).encode()
    return web.Response(status=status, body=encoded, content_type="application/json")
