"""The stand-in for the platform's context call, which the game must not reach by itself."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from ..core.snapshot import Status


class ContextPort(Struct, frozen=True, kw_only=True):
    """One port as the platform's context tells it."""

    external: int | None
    internal: int | None
    protocol: str | None
    name: str
    tls_upgrade: bool
    link: str | None
    proxy: int | None


class Context(Struct, frozen=True, kw_only=True):
    """A deployment as the platform's context tells it, without what only the platform knows."""

    request_id: str | None
    public_ip: str | None
    status: str
    ready: bool
    whitelisting_active: bool
    fqdn: str | None
    ports: dict[str, ContextPort]
    location: dict[str, object]
    tags: list[str]
    sockets: int
    sockets_usage: int
    is_joinable_by_session: bool


def context(deployment: object, status: Status) -> Context:
    """Return the deployment in the platform's own words.

    ``ready`` is the platform's word for a container that runs, not the game's. A seat of a
    session is a ``socket``: the players' numbers stand there, 0 where nobody has said.
    """
    told = _object(msgspec.to_builtins(deployment, str_keys=True))
    fqdn = _text(told.get("fqdn"))
    tags = told.get("tags")
    return Context(
        request_id=_text(told.get("request_id")),
        public_ip=_text(told.get("public_ip")),
        status="Status.READY",
        ready=True,
        whitelisting_active=False,
        fqdn=fqdn,
        ports={
            name: _port(name, _object(port), fqdn)
            for name, port in _object(told.get("ports")).items()
        },
        location=_object(told.get("location")),
        tags=[str(tag) for tag in tags] if isinstance(tags, list | tuple) else [],
        sockets=status.players.capacity or 0,
        sockets_usage=status.players.count or 0,
        is_joinable_by_session=False,
    )


def _port(name: str, port: Mapping[str, object], fqdn: str | None) -> ContextPort:
    external = _number(port.get("external"))
    return ContextPort(
        external=external,
        internal=_number(port.get("internal")),
        protocol=_text(port.get("protocol")),
        name=_text(port.get("name")) or name,
        tls_upgrade=port.get("tls_upgrade") is True,
        link=f"{fqdn}:{external}" if fqdn and external else None,
        proxy=None,
    )


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
