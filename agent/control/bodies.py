"""What the verbs take."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from ..core import events as e
from ..errors import RequestError
from . import limits
from .problems import RefusedError

Id = Annotated[str, Meta(min_length=1, max_length=limits.ID_BYTES)]
OptionalId = Annotated[str, Meta(max_length=limits.ID_BYTES)]
Why = Annotated[str, Meta(max_length=limits.WHY_CHARACTERS)]
Count = Annotated[int, Meta(ge=0, le=limits.PLAYERS)]
# A list that is too long is answered by 413, so its length is only described here.
Ids = Annotated[tuple[Id, ...], Meta(extra_json_schema={"maxItems": limits.IDS})]


class Body(Struct, frozen=True, kw_only=True):
    """A verb's JSON object.

    Attributes:
        EXAMPLE: what a right one looks like.
        TELLS_LIFE: a game that sends this can be expected to say when it is ready; the list
            of players, the one call that every game should add, is no such promise.
    """

    EXAMPLE: ClassVar[str] = "{}"
    TELLS_LIFE: ClassVar[bool] = True

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        raise NotImplementedError


class Ready(Body, frozen=True):
    """The game is ready for players."""

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.ReadyReported()


class Ping(Body, frozen=True, kw_only=True):
    """A ping; an empty one says that all is well."""

    EXAMPLE: ClassVar[str] = '{"status": "healthy"}'

    status: Literal["healthy", "unhealthy", "loading"] = "healthy"
    seconds: Annotated[
        float,
        Meta(ge=0, le=limits.LOADING_SECONDS, description="loading: how long it may take"),
    ] = 0.0

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.HealthReported(self.status, self.seconds)


class StartMatch(Body, frozen=True, kw_only=True):
    """A match began."""

    EXAMPLE: ClassVar[str] = '{"id": "match-1"}'

    id: OptionalId = ""

    def __post_init__(self) -> None:
        _check("id", self.id)

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.MatchStarted(self.id)


class EndMatch(Body, frozen=True, kw_only=True):
    """A match is over; without an id the one that is on."""

    EXAMPLE: ClassVar[str] = '{"id": "match-1"}'

    id: OptionalId = ""

    def __post_init__(self) -> None:
        _check("id", self.id)

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.MatchEnded(self.id)


class Players(Body, frozen=True, kw_only=True):
    """Everybody who is there: by id, or only how many; an empty list means nobody."""

    EXAMPLE: ClassVar[str] = '{"ids": ["ann", "bob"], "capacity": 16}'
    TELLS_LIFE: ClassVar[bool] = False

    ids: Ids | None = None
    count: Count | None = None
    capacity: Count | None = None

    def __post_init__(self) -> None:
        if self.ids is None and self.count is None:
            raise RequestError(
                "cannot tell who is there: neither ids nor count is given",
                field="ids",
                fix=f'send {self.EXAMPLE}, or {{"count": 2}}; nobody is {{"count": 0}}',
            )
        if self.ids is not None and len(self.ids) > limits.IDS:
            raise RefusedError(
                413,
                f"cannot take {len(self.ids)} ids: {limits.IDS} is the most",
                field="ids",
                fix='send {"count": …} instead',
            )
        for at, player in enumerate(self.ids or ()):
            _check(f"ids[{at}]", player)

    def event(self) -> e.Event:
        """Return the fact that the caller tells; ids with a greater count are both kept."""
        return e.PlayersSet(self.ids or (), self.count, self.capacity)


class Player(Body, frozen=True, kw_only=True):
    """One player."""

    EXAMPLE: ClassVar[str] = '{"id": "ann"}'
    TELLS_LIFE: ClassVar[bool] = False

    id: Id

    def __post_init__(self) -> None:
        _check("id", self.id)


class Join(Player, frozen=True):
    """One player came."""

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.PlayerJoined(self.id)


class Leave(Player, frozen=True):
    """One player went."""

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.PlayerLeft(self.id)


class Hold(Body, frozen=True, kw_only=True):
    """A wish not to be stopped for being idle, for so long from now on."""

    EXAMPLE: ClassVar[str] = '{"seconds": 900, "why": "a boss fight"}'

    seconds: Annotated[float, Meta(gt=0, le=limits.HOLD_SECONDS)]
    why: Why = ""

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.HoldPlaced(self.seconds, self.why)


class Release(Body, frozen=True):
    """The hold is over."""

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.HoldReleased()


class Stop(Body, frozen=True, kw_only=True):
    """A wish for the deployment's end."""

    EXAMPLE: ClassVar[str] = '{"why": "the server is no longer needed"}'

    why: Why = ""

    def event(self) -> e.Event:
        """Return the fact that the caller tells."""
        return e.StopRequested(self.why)


class StatusQuery(Struct, frozen=True, kw_only=True):
    """The long poll: answer once the revision is past ``after``, or after ``wait`` seconds."""

    after: Annotated[int, Meta(ge=0)] | None = None
    wait: Annotated[
        float, Meta(ge=0, description=f"more than {limits.WAIT_SECONDS:g} s are cut to that")
    ] = 0.0


LISTS = frozenset({"ids"})
"""The fields that can't stand in the query."""


def _check(field: str, text: str) -> None:
    """Count an id's bytes: the length that the schema knows counts characters."""
    size = len(text.encode())
    if size > limits.ID_BYTES:
        raise RequestError(
            f"cannot take {field}: {size} bytes of UTF-8, {limits.ID_BYTES} is the most",
            field=field,
            fix="send a shorter id",
        )
