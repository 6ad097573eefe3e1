"""What a call brings, what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

from aiohttp import web
from msgspec import Struct, json

from agent.errors import PlatformError

B_co = TypeVar("B_co", covariant=True)
Q_co = TypeVar("Q_co", covariant=True)


class Message(Struct):
    """Schemas ``Error`` or ``DeleteDeploymentResponse``: they have the same shape."""

    message: str


@dataclass(frozen=True, slots=True)
class Call(Generic[B_co, Q_co]):
    """One call that may be taken.

    Attributes:
        path: the values in its path.
        body: what it sent.
        query: what its query says.
        request: the whole of it.
    """

    path: Mapping[str, str]
    body: B_co
    query: Q_co
    request: web.Request


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; without a body where there is none to give."""

    status: int = 200
    body: Struct | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def sent(self) -> web.Response:
        """Return it as HTTP."""
        if self.body is None:
            return web.Response(status=self.status, headers=self.headers)
        return web.Response(
            status=self.status,
            body=json.encode(self.body),
            headers=self.headers,
            content_type="application/json",
        )


class RefusedError(PlatformError):
    """A call that is answered with the ``Error`` body."""

    def __init__(
        self, status: int, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.reply = Reply(status, Message(message), headers or {})


def missing(kind: str, *names: str) -> RefusedError:
    """Return the refusal of a call about something that is not there."""
    return RefusedError(404, f"{kind} {'/'.join(names)} not found")


def stamp(at: datetime | None = None) -> str:
    """Return a time, now if none is given, as RFC 3339 writes it."""
    return (at or datetime.now(UTC)).isoformat()
