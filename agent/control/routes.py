"""The route table."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from msgspec import Struct

from ..core.crash import CrashReport
from ..core.snapshot import LogLine, LogsStatus, Status
from . import bodies
from .answers import Alive, Done, Message, PlayersDone, Readiness
from .context import Context
from .lines import FlushQuery, LogsQuery
from .openmetrics import OPENMETRICS, PLAIN
from .problems import RefusedError, quoted

READ_ERRORS = (401, 403)
VERB_ERRORS = (400, 401, 403, 408, 413)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route, as the server, the README and ``/openapi.json`` know it.

    Attributes:
        name: the operation's id.
        path: with ``{parameters}``.
        summary: one line without a full stop.
        body: a verb's body; None for everything that is not a verb.
        query: what a route that is not a verb takes from the query.
        answer: None for an object that only the running agent knows.
        status_code: of a good answer.
        content_types: of a good answer.
        errors: other answers that this route itself may give.
        is_open: no token is asked for.
    """

    name: str
    method: str
    path: str
    summary: str
    body: type[bodies.Body] | None = None
    query: type[Struct] | None = None
    answer: type | None = None
    status_code: int = 200
    content_types: tuple[str, ...] = ("application/json",)
    errors: tuple[int, ...] = READ_ERRORS
    is_open: bool = False


def _read(name: str, path: str, summary: str, answer: type | None) -> Route:
    return Route(name=name, method="GET", path=path, summary=summary, answer=answer)


def _verb(
    name: str,
    method: str,
    path: str,
    body: type[bodies.Body],
    summary: str,
    answer: type[Done] = Done,
) -> Route:
    return Route(
        name=name,
        method=method,
        path=path,
        summary=summary,
        body=body,
        answer=answer,
        errors=VERB_ERRORS,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        name="healthz",
        method="GET",
        path="/healthz",
        summary="200 while the agent serves",
        answer=Alive,
        errors=(403,),
        is_open=True,
    ),
    Route(
        name="readyz",
        method="GET",
        path="/readyz",
        summary="200 in `ready` and `in_match`, else 503 with the phase and why",
        answer=Readiness,
        errors=(403, 503),
        is_open=True,
    ),
    Route(
        name="status",
        method="GET",
        path="/v1/status",
        summary="the whole state; `?after=<revision>&wait=20` waits for a change, 25 s at most",
        query=bodies.StatusQuery,
        answer=Status,
        errors=(400, *READ_ERRORS),
    ),
    _read("deployment", "/v1/deployment", "the deployment's facts, without secrets", None),
    Route(
        name="match",
        method="GET",
        path="/v1/match",
        summary="what the matchmaker told (`MM_*`); 404 where none was at work",
        errors=(*READ_ERRORS, 404),
    ),
    _verb("ready", "POST", "/v1/ready", bodies.Ready, "the game is ready for players"),
    _verb(
        "health", "POST", "/v1/health", bodies.Ping, "`healthy` (also by an empty body), or not"
    ),
    _verb("start_match", "POST", "/v1/match/start", bodies.StartMatch, "a match began"),
    _verb("end_match", "POST", "/v1/match/end", bodies.EndMatch, "the match is over"),
    _verb(
        "set_players",
        "PUT",
        "/v1/players",
        bodies.Players,
        "everybody who is there: `ids` or `count`, with `capacity` if known",
        PlayersDone,
    ),
    _verb("join", "POST", "/v1/players/join", bodies.Join, "one player came", PlayersDone),
    _verb("leave", "POST", "/v1/players/leave", bodies.Leave, "one player went", PlayersDone),
    _verb("hold", "POST", "/v1/hold", bodies.Hold, "don't stop me for being idle, for `seconds`"),
    _verb("release", "DELETE", "/v1/hold", bodies.Release, "the hold is over"),
    _verb("stop", "POST", "/v1/stop", bodies.Stop, "end this deployment"),
    Route(
        name="self_stop",
        method="DELETE",
        path="/v1/self/stop/{id}/{key}",
        summary="the platform's self-stop, as a game calls it that knows nothing of us",
        answer=Message,
        status_code=202,
        errors=(*READ_ERRORS, 413),
    ),
    _read(
        "context",
        "/v1/context/{id}/{key}",
        "the platform's context, from what the variables tell",
        Context,
    ),
    Route(
        name="events",
        method="GET",
        path="/v1/events",
        summary="the state, now, at each change, each 10 s; NDJSON, or SSE if `Accept` says so",
        answer=Status,
        content_types=("application/x-ndjson", "text/event-stream"),
        errors=(*READ_ERRORS, 503),
    ),
    Route(
        name="logs",
        method="GET",
        path="/v1/logs",
        summary="the last lines: `?tail=100&source=stdout&grep=text`; `&follow=1` goes on",
        query=LogsQuery,
        answer=LogLine,
        content_types=("text/plain", "application/x-ndjson"),
        errors=(400, *READ_ERRORS, 404, 503),
    ),
    Route(
        name="crash",
        method="GET",
        path="/v1/crash",
        summary="the last exit of the game that nobody asked for: how, when, its last lines; "
        "404 where there was none",
        answer=CrashReport,
        errors=(*READ_ERRORS, 404),
    ),
    Route(
        name="flush",
        method="POST",
        path="/v1/logs/flush",
        summary="send the logs now; answers when the sinks have them, or with what is left and "
        "why after `?wait=5` seconds, 25 s at most",
        query=FlushQuery,
        answer=LogsStatus,
        errors=(400, *READ_ERRORS, 413),
    ),
    Route(
        name="metrics",
        method="GET",
        path="/metrics",
        summary="usage, phase, players, counters: OpenMetrics if `Accept` says so, else "
        "Prometheus text",
        content_types=(OPENMETRICS, PLAIN),
    ),
    _read("openapi", "/openapi.json", "this API as OpenAPI 3.1", None),
)

_WRITES = ("/v1/context/{id}/{key}/tags", "/v1/context/{id}/{key}/tags/{tag}")
"""What the platform's context can also do; the stand-in can't."""

Found = tuple[Route, Mapping[str, str]]


def find(method: str, raw_path: str) -> Found:
    """Return the route with the parameters of its path.

    Slashes too many, or one at the end, are forgiven: an address joined with a path easily
    has them.

    Raises:
        RefusedError: 404 or 405.
    """
    parts = tuple(unquote(part) for part in raw_path.split("/") if part)
    wanted = "GET" if method == "HEAD" else method
    allowed = []
    for route in ROUTES:
        parameters = _fit(route.path, parts)
        if parameters is None:
            continue
        if route.method == wanted:
            return route, parameters
        allowed.append(route.method)
    if allowed or any(_fit(path, parts) is not None for path in _WRITES):
        raise _wrong_method(method, parts, allowed)
    raise _unknown(parts)


def _fit(template: str, parts: tuple[str, ...]) -> dict[str, str] | None:
    names = template[1:].split("/")
    if len(names) != len(parts):
        return None
    pairs = tuple(zip(names, parts, strict=True))
    if all(name in {part, "{id}", "{key}", "{tag}"} for name, part in pairs):
        return {name[1:-1]: part for name, part in pairs if name.startswith("{")}
    return None


def _wrong_method(method: str, parts: tuple[str, ...], allowed: list[str]) -> RefusedError:
    path = quoted("/" + "/".join(parts))
    if "GET" in allowed:
        allowed = [*allowed, "HEAD"]
    listed = ", ".join(sorted(allowed))
    if path.startswith("/v1/context/"):
        detail = "cannot write to the context: it is made from the variables, which stay"
        fix = "change tags from your backend, by the platform's API"
    else:
        detail = f"cannot {quoted(method)} {path}: it takes {listed}"
        fix = f"send {allowed[0]} {path}"
    return RefusedError(405, detail, fix=fix, headers={"Allow": listed})


def _unknown(parts: tuple[str, ...]) -> RefusedError:
    from difflib import get_close_matches

    path = "/" + "/".join(parts)
    known = list(dict.fromkeys(route.path for route in ROUTES))
    wanted = path if path.startswith("/v1") or len(parts) != 1 else f"/v1{path}"
    near = get_close_matches(wanted[:200], known, n=1, cutoff=0.5)
    fix = f"did you mean {near[0]}? " if near else ""
    return RefusedError(
        404,
        f"cannot find {quoted(path)}: no such route",
        fix=f"{fix}GET /openapi.json lists all routes",
    )
