"""What the routes answer."""

from typing import Self

import msgspec
from aiohttp import web
from msgspec import Struct

from ..core.phases import Phase
from ..core.snapshot import Status

JSON = "application/json"
_OPEN = (Phase.READY, Phase.IN_MATCH)


class Alive(Struct, frozen=True):
    """The agent serves."""

    status: str = "ok"


class Readiness(Struct, frozen=True):
    """Whether players can come."""

    ready: bool
    phase: Phase
    why: str

    @classmethod
    def of(cls, status: Status) -> Self:
        """Return what the state says."""
        return cls(status.phase in _OPEN, status.phase, status.why)


class Done(Struct, frozen=True, kw_only=True):
    """The fact was taken; this is the state afterwards."""

    phase: Phase
    revision: int
    boot_id: str
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, status: Status, warnings: tuple[str, ...]) -> Self:
        """Return the answer for the state after a fact."""
        return cls(
            phase=status.phase,
            revision=status.revision,
            boot_id=status.boot_id,
            warnings=warnings,
        )


class PlayersDone(Done, frozen=True, kw_only=True):
    """The same with how many players are there now."""

    players: int | None
    capacity: int | None

    @classmethod
    def of(cls, status: Status, warnings: tuple[str, ...]) -> Self:
        """Return the answer for the state after a fact."""
        return cls(
            phase=status.phase,
            revision=status.revision,
            boot_id=status.boot_id,
            warnings=warnings,
            players=status.players.count,
            capacity=status.players.capacity,
        )


class Message(Struct, frozen=True):
    """What the platform's self-stop answers."""

    message: str


def json(answer: object, status_code: int = 200) -> web.Response:
    """Return the answer as JSON."""
    return web.Response(status=status_code, body=msgspec.json.encode(answer), content_type=JSON)
