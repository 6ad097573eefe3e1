"""The gRPC half of Agones' SDK server."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Server, Stream

from ..link import Listener
from .agones import Agones, SdkError
from .agones_messages import ALPHA, BETA, SDK, build

Call = Callable[[Any], object]  # a request in, what the answer says out


class Grpc:
    """Methods and messages on the one side, the translator on the other."""

    def __init__(self, game: Agones) -> None:
        self._game = game
        self._types = build()

    async def run(self, doors: Sequence[Listener]) -> None:
        """Serve until cancelled."""
        servers = []
        for door in doors:
            server = Server([self])
            await server.start(sock=socket.socket(fileno=door.fd))
            servers.append(server)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for server in servers:
                server.close()

    def __mapping__(self) -> dict[str, Handler]:
        """Return the handlers by path, as grpclib wants them."""
        sdk, beta, alpha = (f"/{package}.SDK/" for package in (SDK, BETA, ALPHA))
        game, empty = self._game, f"{SDK}.Empty"
        unary: dict[str, tuple[str, str, Call]] = {
            f"{sdk}Ready": (empty, empty, lambda _: game.ready()),
            f"{sdk}Allocate": (empty, empty, lambda _: game.allocate()),
            f"{sdk}Shutdown": (empty, empty, lambda _: game.shutdown()),
            f"{sdk}Reserve": (f"{SDK}.Duration", empty, lambda it: game.reserve(it.seconds)),
            f"{sdk}GetGameServer": (empty, f"{SDK}.GameServer", lambda _: game.game_server()),
            f"{sdk}SetLabel": (
                f"{SDK}.KeyValue",
                empty,
                lambda it: game.note("label", it.key, it.value),
            ),
            f"{sdk}SetAnnotation": (
                f"{SDK}.KeyValue",
                empty,
                lambda it: game.note("annotation", it.key, it.value),
            ),
            **_of_beta(beta, game),
            **_of_alpha(alpha, game),
        }
        handlers = {path: self._unary(*each) for path, each in unary.items()}
        return handlers | {
            f"{sdk}Health": Handler(
                self._health, Cardinality.STREAM_UNARY, self._types[empty], self._types[empty]
            ),
            f"{sdk}WatchGameServer": Handler(
                self._watch,
                Cardinality.UNARY_STREAM,
                self._types[empty],
                self._types[f"{SDK}.GameServer"],
            ),
        }

    def _unary(self, request: str, answer: str, call: Call) -> Handler:
        answer_type = self._types[answer]

        async def handle(stream: Stream[Any, Any]) -> None:
            message = await stream.recv_message()
            if message is None:
                return
            try:
                told = call(message)
            except SdkError as error:
                raise GRPCError(Status(error.code), error.message) from None
            await stream.send_message(_message(answer_type, told))

        return Handler(handle, Cardinality.UNARY_UNARY, self._types[request], answer_type)

    async def _health(self, stream: Stream[Any, Any]) -> None:
        """Take pings for as long as the client sends them; one stream serves a whole match."""
        while await stream.recv_message() is not None:
            self._game.health()
        await stream.send_message(_message(self._types[f"{SDK}.Empty"], None))

    async def _watch(self, stream: Stream[Any, Any]) -> None:
        await stream.recv_message()
        async for server in self._game.watch():
            await stream.send_message(_message(self._types[f"{SDK}.GameServer"], server))


def _of_beta(path: str, game: Agones) -> dict[str, tuple[str, str, Call]]:
    counter, values = f"{BETA}.Counter", f"{BETA}.List"
    return {
        f"{path}GetCounter": (
            f"{BETA}.GetCounterRequest",
            counter,
            lambda it: game.counter(it.name),
        ),
        f"{path}UpdateCounter": (
            f"{BETA}.UpdateCounterRequest",
            counter,
            lambda it: _update_counter(game, it.counterUpdateRequest),
        ),
        f"{path}GetList": (f"{BETA}.GetListRequest", values, lambda it: game.list(it.name)),
        f"{path}UpdateList": (
            f"{BETA}.UpdateListRequest",
            values,
            lambda it: _update_list(game, it),
        ),
        f"{path}AddListValue": (
            f"{BETA}.AddListValueRequest",
            values,
            lambda it: game.add_to_list(it.name, it.value),
        ),
        f"{path}RemoveListValue": (
            f"{BETA}.RemoveListValueRequest",
            values,
            lambda it: game.remove_from_list(it.name, it.value),
        ),
    }


def _of_alpha(path: str, game: Agones) -> dict[str, tuple[str, str, Call]]:
    empty, player, answer = f"{ALPHA}.Empty", f"{ALPHA}.PlayerID", f"{ALPHA}.Bool"
    return {
        f"{path}PlayerConnect": (
            player,
            answer,
            lambda it: {"bool": game.connect(it.playerID)},
        ),
        f"{path}PlayerDisconnect": (
            player,
            answer,
            lambda it: {"bool": game.disconnect(it.playerID)},
        ),
        f"{path}IsPlayerConnected": (
            player,
            answer,
            lambda it: {"bool": it.playerID in game.player_ids},
        ),
        f"{path}SetPlayerCapacity": (
            f"{ALPHA}.Count",
            empty,
            lambda it: game.set_player_capacity(it.count),
        ),
        f"{path}GetPlayerCapacity": (
            empty,
            f"{ALPHA}.Count",
            lambda _: {"count": game.player_capacity},
        ),
        f"{path}GetPlayerCount": (
            empty,
            f"{ALPHA}.Count",
            lambda _: {"count": len(game.player_ids)},
        ),
        f"{path}GetConnectedPlayers": (
            empty,
            f"{ALPHA}.PlayerIDList",
            lambda _: {"list": [*game.player_ids]},
        ),
    }


def _update_counter(game: Agones, asked: Any) -> object:
    return game.update_counter(
        asked.name,
        count=asked.count.value if asked.HasField("count") else None,
        capacity=asked.capacity.value if asked.HasField("capacity") else None,
        diff=asked.countDiff,
    )


def _update_list(game: Agones, asked: Any) -> object:
    """Set what the mask names; Node's client sends an empty one: then what is set counts."""
    paths = set(asked.update_mask.paths)
    wants_capacity = "capacity" in paths or (not paths and bool(asked.list.capacity))
    wants_values = "values" in paths or (not paths and bool(asked.list.values))
    return game.update_list(
        asked.list.name,
        capacity=asked.list.capacity if wants_capacity else None,
        values=tuple(asked.list.values) if wants_values else None,
    )


def _message(kind: type[Message], told: object) -> Message:
    return json_format.ParseDict(told or {}, kind())
