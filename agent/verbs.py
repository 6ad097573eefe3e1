"""What each verb of the command line asks of the control API."""

from argparse import Namespace

from .errors import SettingsError

Request = tuple[str, str, object]
"""Method, path, body; None = no body."""


def request(asked: Namespace) -> Request:
    """Return what to send.

    Raises:
        SettingsError: words that are each known do not fit together.
    """
    build = _REQUESTS.get(asked.verb)
    return build(asked) if build else ("POST", f"/v1/{asked.verb}", {})


def _status(_asked: Namespace) -> Request:
    return "GET", "/v1/status", None


def lines(asked: Namespace) -> str:
    """Return the path with the query of the verb ``logs``."""
    from urllib.parse import urlencode

    query = {"tail": asked.tail, "source": asked.source, "grep": asked.grep}
    follow = {"follow": "1"} if asked.follow else {}
    return "/v1/logs?" + urlencode({**query, **follow})


def _match(asked: Namespace) -> Request:
    return "POST", f"/v1/match/{asked.what}", {"id": asked.id} if asked.id else {}


def _players(asked: Namespace) -> Request:
    if asked.what == "set":
        return _full_list(asked)
    if len(asked.ids) != 1 or asked.count is not None or asked.capacity is not None:
        raise SettingsError(
            f"cannot tell who it is: players {asked.what} takes one id and nothing else; "
            f"write for instance `players {asked.what} alice`"
        )
    return "POST", f"/v1/players/{asked.what}", {"id": asked.ids[0]}


def _full_list(asked: Namespace) -> Request:
    if bool(asked.ids) == (asked.count is not None):
        raise SettingsError(
            "cannot tell who is there: players set takes ids, or --count; "
            "write `players set --count 0` for nobody"
        )
    who = {"ids": asked.ids} if asked.ids else {"count": asked.count}
    capacity = {} if asked.capacity is None else {"capacity": asked.capacity}
    return "PUT", "/v1/players", {**who, **capacity}


def _health(asked: Namespace) -> Request:
    seconds = {} if asked.seconds is None else {"seconds": asked.seconds}
    return "POST", "/v1/health", {"status": asked.what, **seconds}


def _hold(asked: Namespace) -> Request:
    if asked.release == (asked.seconds is not None):
        raise SettingsError(
            "cannot hold: say for how long, or --release; write for instance `hold 10m`"
        )
    if asked.release:
        return "DELETE", "/v1/hold", None
    return "POST", "/v1/hold", {"seconds": asked.seconds, "why": asked.why}


def _stop(asked: Namespace) -> Request:
    return "POST", "/v1/stop", {"why": asked.why}


_REQUESTS = {
    "status": _status,
    "match": _match,
    "players": _players,
    "health": _health,
    "hold": _hold,
    "stop": _stop,
}
