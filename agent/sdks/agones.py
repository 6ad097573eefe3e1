"""What the calls of Agones' SDK mean here."""

import re
from collections.abc import AsyncIterator

from ..core import agones
from ..core import events as e
from ..core.options import Options
from ..core.snapshot import GameServerStatus, Status
from ..interfaces import Desk
from .gameserver import Shape

INVALID, NOT_FOUND, UNKNOWN, UNIMPLEMENTED = 3, 5, 2, 12  # gRPC's codes

_HOLD = "reserved by Agones' SDK"
_FOR_EVER = 10 * 365 * 86_400.0  # seconds
_KEY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_LONGEST_NOTE = 4096  # characters of an annotation
_MOST_NOTES = 64
_LARGEST_LIST = 1000  # Agones' own limit
_LONGEST_VALUE = 256  # characters

Answer = dict[str, object]


class SdkError(Exception):
    """A call is refused, with the code and the words of Agones.

    Attributes:
        code: gRPC's.
        message: for people.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Agones:
    """A translator: calls into facts, the state into answers."""

    def __init__(self, desk: Desk, shape: Shape, options: Options) -> None:
        self._desk = desk
        self._shape = shape
        self._counters = dict(options.agones_counters)
        self._lists = dict(options.agones_lists)
        self._expects = bool(options.expect)

    def ready(self) -> None:
        """Take the game as ready; after a match that is its end."""
        self._called("ready")
        ends = self._server().ready_ends_match
        self._tell(e.ReadyReported(), *([e.MatchEnded()] if ends else []))
        self._move(agones.READY)

    def allocate(self) -> None:
        """Take it that a match began."""
        self._called("allocate")
        self._move(agones.ALLOCATED)
        if self._desk.status().match is None:
            self._tell(e.MatchStarted(agones.MATCH))

    def reserve(self, seconds: int) -> None:
        """Don't let it be stopped for being idle, for *seconds*; 0 = for ever."""
        self._called("reserve")
        if seconds < 0:
            raise SdkError(INVALID, f"a reservation of {seconds} s cannot be")
        self._move(agones.RESERVED, float(seconds))
        self._tell(e.HoldPlaced(float(seconds) or _FOR_EVER, _HOLD))

    def shutdown(self) -> None:
        """End the deployment."""
        self._called("shutdown")
        self._tell(e.StopRequested("Agones' SDK called Shutdown"))

    def health(self) -> None:
        """Take a ping."""
        self._called("health")
        self._tell(e.HealthReported("healthy"))

    def game_server(self) -> Answer:
        """Return the GameServer as it is now."""
        self._called("gameserver")
        return self._shape.fill(self._desk.status())

    async def watch(self) -> AsyncIterator[Answer]:
        """Yield the GameServer, now, then whenever anything of it has changed."""
        self._called("watch")
        status = self._desk.status()
        shown: Answer = {}
        while True:
            server = self._shape.fill(status)
            if _content(server) != _content(shown):
                shown = server
                yield server
            status = await self._desk.changed(status.revision, None)

    def note(self, kind: str, key: str, value: str) -> None:
        """Set a label or an annotation, with Agones' prefix."""
        self._called(f"set{kind}")
        if not _KEY.fullmatch(key):
            raise SdkError(INVALID, f"{kind} key {key[:80]!r} is no name that Kubernetes takes")
        if kind == "label" and not _LABEL.fullmatch(value):
            raise SdkError(INVALID, f"label value {value[:80]!r} is none that Kubernetes takes")
        server = self._server()
        there = server.labels if kind == "label" else server.annotations
        if len(value) > _LONGEST_NOTE or (key not in there and len(there) >= _MOST_NOTES):
            raise SdkError(INVALID, f"{kind} {key}: too long, or one too many")
        self._tell(e.GameServerNoted(kind, key, value))

    def counter(self, name: str) -> Answer:
        """Return a counter."""
        count, capacity = self._counter(name)
        return {"name": name, "count": str(count), "capacity": str(capacity)}

    def update_counter(
        self, name: str, *, count: int | None, capacity: int | None, diff: int
    ) -> Answer:
        """Set a counter's count or capacity, or add to the count."""
        self._called("counters")
        before, most = self._counter(name)
        most = most if capacity is None else capacity
        if most < 0:
            raise _out_of_range(f"Capacity must be greater than or equal to 0. Found: {most}")
        if capacity is not None and count is None:
            before = min(before, most)
        after = (before if count is None else count) + diff
        if not 0 <= after <= most:
            raise _out_of_range(
                f"Count must be within range [0,Capacity]. Found Count: {after}, Capacity: {most}"
            )
        self._tell(e.GameServerCounted(name, after, most))
        if name == "players":
            self._tell(e.PlayersSet((), after, most))
        return self.counter(name)

    def list(self, name: str) -> Answer:
        """Return a list."""
        capacity, values = self._list(name)
        return {"name": name, "capacity": str(capacity), "values": [*values]}

    def update_list(
        self, name: str, *, capacity: int | None, values: tuple[str, ...] | None
    ) -> Answer:
        """Set a list's capacity or values; values beyond the capacity are dropped."""
        self._called("lists")
        most, there = self._list(name)
        most = most if capacity is None else capacity
        if not 0 <= most <= _LARGEST_LIST:
            raise _out_of_range(
                f"Capacity must be within range [0,{_LARGEST_LIST}]. Found Capacity: {most}"
            )
        wanted = there if values is None else tuple(dict.fromkeys(values))
        return self._set_list(name, most, wanted[:most])

    def add_to_list(self, name: str, value: str) -> Answer:
        """Add one value."""
        self._called("lists")
        capacity, values = self._list(name)
        if value in values:
            raise SdkError(UNKNOWN, f"already exists. Value: {value} already in List: {name}")
        if len(values) >= capacity:
            raise _out_of_range(f"No available capacity. Current Capacity: {capacity}")
        return self._set_list(name, capacity, (*values, value))

    def remove_from_list(self, name: str, value: str) -> Answer:
        """Take one value away."""
        self._called("lists")
        capacity, values = self._list(name)
        if value not in values:
            raise SdkError(UNKNOWN, f"not found. Value: {value} not found in List: {name}")
        return self._set_list(name, capacity, tuple(each for each in values if each != value))

    @property
    def player_ids(self) -> tuple[str, ...]:
        """Who is there."""
        return self._desk.status().players.ids

    @property
    def player_capacity(self) -> int:
        """How many could be, 0 where nobody has said."""
        return self._desk.status().players.capacity or 0

    def set_player_capacity(self, count: int) -> None:
        """Say how many could be there."""
        self._called("players")
        if count < 0:
            raise SdkError(INVALID, f"a capacity of {count} cannot be")
        self._tell(e.PlayersSet(self.player_ids, None, count))

    def connect(self, player: str) -> bool:
        """Take it that a player came; return False where they were there."""
        self._called("players")
        if player in self.player_ids:
            return False
        most = self.player_capacity
        if most and len(self.player_ids) >= most:
            raise SdkError(UNKNOWN, "Players are already at capacity")
        self._tell(e.PlayerJoined(_bounded(player)))
        return True

    def disconnect(self, player: str) -> bool:
        """Take it that a player went; return False where they were not there."""
        self._called("players")
        if player not in self.player_ids:
            return False
        self._tell(e.PlayerLeft(player))
        return True

    def _called(self, name: str) -> None:
        """Note a call where those that the game makes are judged (``AGENT_EXPECT``)."""
        if self._expects:
            self._desk.post(e.CallNoted(name))

    def _tell(self, *facts: e.Event) -> Status:
        status = self._desk.status()
        for fact in (e.CallArrived(), *facts):
            status = self._desk.post(fact)
        return status

    def _move(self, state: str, seconds: float = 0.0) -> None:
        hold = self._desk.status().hold
        if hold is not None and hold.why == _HOLD:
            self._tell(e.HoldReleased())
        self._tell(e.GameServerMoved(state, seconds))

    def _server(self) -> GameServerStatus:
        server = self._desk.status().agones
        if server is None:
            raise AssertionError("the face is on, so the status has it")
        return server

    def _counter(self, name: str) -> tuple[int, int]:
        known = self._server().counters.get(name)
        if known is None and name not in self._counters:
            raise SdkError(UNKNOWN, f"not found. {name} Counter not found")
        return known or (0, self._counters[name])

    def _list(self, name: str) -> tuple[int, tuple[str, ...]]:
        known = self._server().lists.get(name)
        if known is None and name not in self._lists:
            raise SdkError(UNKNOWN, f"not found. {name} List not found")
        return known or (min(self._lists[name], _LARGEST_LIST), ())

    def _set_list(self, name: str, capacity: int, values: tuple[str, ...]) -> Answer:
        values = tuple(map(_bounded, values))
        self._tell(e.GameServerListed(name, capacity, values))
        if name == "players":
            self._tell(e.PlayersSet(values, None, capacity))
        return self.list(name)


def _bounded(value: str) -> str:
    if len(value) > _LONGEST_VALUE:
        raise SdkError(INVALID, f"a value of {len(value)} characters is too long")
    return value


def _out_of_range(why: str) -> SdkError:
    return SdkError(UNKNOWN, f"out of range. {why}")


def _content(server: Answer) -> Answer:
    """Return a GameServer without what changes for other reasons."""
    meta = server.get("object_meta")
    inner = dict(meta) if isinstance(meta, dict) else {}
    inner.pop("resource_version", None)
    notes = dict(inner.get("annotations") or {})
    return {**server, "object_meta": {**inner, "annotations": notes}}
