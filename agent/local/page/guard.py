"""Who may see the page: this machine, else whoever has the token that the command printed."""

import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

from aiohttp import web

_OURS = frozenset({"localhost", "127.0.0.1", "::1"})
_FOREIGN = frozenset({"cross-site", "same-site"})


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """The checks before anything is answered.

    Attributes:
        token: what the page asks for; empty where it asks for none.
        cookie: the name of what stands for the token later; cookies know no ports.
    """

    def __init__(self, listen: str) -> None:
        """Draw a token if more than this machine reaches the address."""
        self.token = "" if is_loopback(listen) else secrets.token_urlsafe(24)
        self.cookie = f"arbitrium_{secrets.token_hex(4)}"
        self._session = secrets.token_urlsafe(24)

    def is_foreign(self, request: web.Request) -> bool:
        """Return whether a page of another site sends it, DNS rebinding included."""
        if not self.token and _host(request.host) not in _OURS:
            return True
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.host:
            return True
        is_visit = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
        return not is_visit and request.headers.get("Sec-Fetch-Site") in _FOREIGN

    def admits(self, request: web.Request) -> bool:
        """Return whether it comes with what we gave for the token."""
        return not self.token or _same(request.cookies.get(self.cookie, ""), self._session)

    def takes(self, token: str) -> bool:
        """Return whether this is the token."""
        return bool(self.token) and _same(token, self.token)

    def welcome(self) -> web.Response:
        """Return what leads to the page with the cookie that opens it."""
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(self.cookie, self._session, httponly=True, samesite="Strict")
        return response


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


def _host(text: str) -> str:
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:  # a bracket that is not closed
        return ""
