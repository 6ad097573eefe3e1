"""The REST half of Agones' SDK server, answering as the real one was seen to."""

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from . import serving
from .agones import INVALID, NOT_FOUND, UNIMPLEMENTED, UNKNOWN, Agones, Answer, SdkError

_STATUS = {INVALID: 400, NOT_FOUND: 404, UNIMPLEMENTED: 501, UNKNOWN: 500}
_INT64 = 2**63
_WATCH = ("watch", "gameserver")

Body = dict[str, object]
Verb = Callable[[Agones, Body, str], object]


class Rest:
    """Paths and bodies on the one side, the translator on the other."""

    def __init__(self, game: Agones) -> None:
        self._game = game

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if serving.is_foreign(request):
            return _refusal(SdkError(INVALID, "only this machine's game may call"), 403)
        parts = tuple(part for part in request.path.split("/") if part)
        if parts == _WATCH and request.method == "GET":
            return await self._watch(request)
        body = await serving.body(request)
        if body is None:
            return _refusal(SdkError(INVALID, "the body is too large"), 413)
        try:
            return _json(self._call(request.method, parts, body))
        except SdkError as error:
            return _refusal(error)

    def _call(self, method: str, parts: tuple[str, ...], raw: bytes) -> object:
        if parts == ("health",) and method == "POST":
            return self._health(raw)
        name, route = _find(parts)
        verb = route.get(method)
        if verb is None:
            raise SdkError(UNIMPLEMENTED, "Method Not Allowed")
        told = verb(self._game, _object(raw), name)
        return {} if told is None else told

    def _health(self, raw: bytes) -> object:
        """Take a stream of objects; an empty one is an error, as in Agones since 1.0."""
        pings = _objects(raw)
        if not pings:
            raise SdkError(INVALID, "")
        for _ in pings:
            self._game.health()
        return {}

    async def _watch(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            socket = web.WebSocketResponse(heartbeat=30.0, max_msg_size=serving.BODY_BYTES)
            await socket.prepare(request)
            telling = asyncio.create_task(self._tell(socket))
            try:
                async for _ in socket:  # nothing is said there, but its close is heard
                    pass
            finally:
                telling.cancel()
            return socket
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        async for server in self._game.watch():
            await response.write(json.dumps({"result": server}).encode() + b"\n")
        return response

    async def _tell(self, socket: web.WebSocketResponse) -> None:
        async for server in self._game.watch():
            await socket.send_str(json.dumps({"result": server}))


def _reserve(game: Agones, body: Body, _: str) -> None:
    game.reserve(_number(body, "seconds") or 0)


def _note(kind: str) -> Verb:
    def note(game: Agones, body: Body, _: str) -> None:
        game.note(kind, _text(body, "key"), _text(body, "value"))

    return note


def _update_counter(game: Agones, body: Body, name: str) -> Answer:
    return game.update_counter(
        name,
        count=_number(body, "count"),
        capacity=_number(body, "capacity"),
        diff=_number(body, "countDiff") or 0,
    )


def _update_list(game: Agones, body: Body, name: str) -> Answer:
    values = body.get("values")
    if values is not None and not (
        isinstance(values, list) and all(isinstance(each, str) for each in values)
    ):
        raise SdkError(INVALID, "values: a list of texts is wanted")
    wanted = None if values is None else tuple(str(each) for each in values)
    return game.update_list(name, capacity=_number(body, "capacity"), values=wanted)


_ROUTES: dict[tuple[str, ...], dict[str, Verb]] = {
    ("ready",): {"POST": lambda game, _, __: game.ready()},
    ("allocate",): {"POST": lambda game, _, __: game.allocate()},
    ("shutdown",): {"POST": lambda game, _, __: game.shutdown()},
    ("reserve",): {"POST": _reserve},
    ("health",): {},
    ("gameserver",): {"GET": lambda game, _, __: game.game_server()},
    _WATCH: {},
    ("metadata", "label"): {"PUT": _note("label")},
    ("metadata", "annotation"): {"PUT": _note("annotation")},
    ("v1beta1", "counters", "{}"): {
        "GET": lambda game, _, name: game.counter(name),
        "PATCH": _update_counter,
    },
    ("v1beta1", "lists", "{}"): {
        "GET": lambda game, _, name: game.list(name),
        "PATCH": _update_list,
    },
    ("v1beta1", "lists", "{}:addValue"): {
        "POST": lambda game, body, name: game.add_to_list(name, _text(body, "value"))
    },
    ("v1beta1", "lists", "{}:removeValue"): {
        "POST": lambda game, body, name: game.remove_from_list(name, _text(body, "value"))
    },
    ("alpha", "player", "capacity"): {
        "GET": lambda game, _, __: {"count": str(game.player_capacity)},
        "PUT": lambda game, body, _: game.set_player_capacity(_number(body, "count") or 0),
    },
    ("alpha", "player", "connect"): {
        "POST": lambda game, body, _: {"bool": game.connect(_text(body, "playerID"))}
    },
    ("alpha", "player", "disconnect"): {
        "POST": lambda game, body, _: {"bool": game.disconnect(_text(body, "playerID"))}
    },
    ("alpha", "player", "connected"): {"GET": lambda game, _, __: {"list": [*game.player_ids]}},
    ("alpha", "player", "connected", "{}"): {
        "GET": lambda game, _, name: {"bool": name in game.player_ids}
    },
    ("alpha", "player", "count"): {
        "GET": lambda game, _, __: {"count": str(len(game.player_ids))}
    },
}


def _find(parts: tuple[str, ...]) -> tuple[str, dict[str, Verb]]:
    """Return the name in the path, or nothing, with the verbs that the path takes."""
    if parts in _ROUTES:
        return "", _ROUTES[parts]
    name, colon, verb = parts[-1].partition(":") if parts else ("", "", "")
    template = (*parts[:-1], f"{{}}{colon}{verb}")
    if name and template in _ROUTES:
        return name, _ROUTES[template]
    raise SdkError(NOT_FOUND, "Not Found")


def _object(raw: bytes) -> Body:
    found = _objects(raw)
    return found[0] if found else {}


def _objects(raw: bytes) -> list[Body]:
    """Return the JSON objects that stand one behind the other."""
    found: list[Body] = []
    decoder = json.JSONDecoder()
    try:
        text = raw.decode().strip()
        while text:
            value, end = decoder.raw_decode(text)
            if not isinstance(value, dict):
                raise SdkError(INVALID, "a JSON object is wanted")
            found.append(value)
            text = text[end:].strip()
    except ValueError as error:
        raise SdkError(INVALID, str(error)) from None
    return found


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise SdkError(INVALID, f"{name}: a text is wanted")
    return value


def _number(body: Body, name: str) -> int | None:
    """Return an int64, which may be written as a text."""
    value = body.get(name)
    if value is None:
        return None
    try:
        number = int(str(value))
    except ValueError:
        raise SdkError(INVALID, f"{name}: a whole number is wanted") from None
    if isinstance(value, bool) or not -_INT64 <= number < _INT64:
        raise SdkError(INVALID, f"{name}: an int64 is wanted")
    return number


def _json(told: object) -> web.Response:
    return web.Response(
        body=json.dumps(told).encode(),
        content_type="application/json",
        headers={"Grpc-Metadata-Content-Type": "application/grpc"},
    )


def _refusal(error: SdkError, status: int | None = None) -> web.Response:
    body = {"code": error.code, "message": error.message, "details": []}
    return web.Response(
        status=status or _STATUS[error.code],
        body=json.dumps(body).encode() if error.message else b"",
        content_type="application/json",
    )
