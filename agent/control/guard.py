"""Who may call: the game on this machine, not a web page that found the port."""

import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from .problems import RefusedError, quoted

_OURS = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """The checks before anything is read of a request."""

    def __init__(self, token: str) -> None:
        """Take the bearer token; an empty one means that none is asked for."""
        self._token = token.encode(errors="surrogateescape")

    @property
    def asks(self) -> bool:
        """Return whether a token is asked for."""
        return bool(self._token)

    def check_token(self, given: str) -> None:
        """Accept ``Bearer T``, or ``T`` alone as the platform's own calls send it.

        Raises:
            RefusedError: 401.
        """
        if not self._token:
            return
        scheme, _, rest = given.strip().partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else given.strip()
        if not hmac.compare_digest(token.encode(errors="surrogateescape"), self._token):
            raise RefusedError(
                401,
                "cannot take the call: the token is wrong or missing",
                fix="send the header Authorization: Bearer <AGENT_TOKEN>",
                headers={"WWW-Authenticate": "Bearer"},
            )


def check_origin(hosts: Sequence[str], origins: Sequence[str], *, is_unix: bool) -> None:
    """Refuse what a browser sends for a page of a foreign site, DNS rebinding included.

    Args:
        hosts: all ``Host`` headers; HTTP/1.0 needs none, and no browser leaves it out.
        origins: all ``Origin`` headers.
        is_unix: it came over a Unix socket, whose callers have no host to name.

    Raises:
        RefusedError: 403.
    """
    for origin in origins:
        if origin and _host(origin.partition("://")[2]) not in _OURS:
            raise RefusedError(
                403,
                f"cannot answer a page of {quoted(origin)}: only this machine may call",
                field="Origin",
                fix="call from the game server, not from a browser",
            )
    if is_unix:
        return
    for host in hosts:
        if _host(host) not in _OURS:
            raise RefusedError(
                403,
                f"cannot answer for the host {quoted(host)}: only this machine may call",
                field="Host",
                fix="call the address in AGENT_URL",
            )


def _host(text: str) -> str:
    if text in _OURS:  # ::1 too, though it should stand in brackets
        return text
    try:
        return (urlsplit(f"//{text}").hostname or "").removesuffix(".")
    except ValueError:  # a bracket that is not closed
        return ""
