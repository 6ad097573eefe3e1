"""A log store's URL, taken apart."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import unquote, unquote_plus, urlsplit

from ..errors import SettingsError

_BEGINNING = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+]*://)")
_HEADER = "header."
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, section 5.6.2
_LIKENESS = 0.6
_TOKEN_LENGTH = 20  # characters of a path's segment that may well be a key
_WORDS = {"1": True, "true": True, "yes": True, "on": True,
          "0": False, "false": False, "no": False, "off": False}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is, what is to be known of it; none of it is shown but `name`.

    Attributes:
        scheme: in lower case.
        host: the name or number, with the port as it was given; for ``s3`` the bucket.
        path: as it was given, so still percent-encoded.
        query: what belongs to the store, as it was given.
        options: what is meant for us, by names in lower case; `header.NAME` are `headers`.
        headers: what goes along with every request.
        user: of the URL's ``user:password@``, like the password decoded.
    """

    scheme: str
    host: str
    path: str
    query: str = field(repr=False, default="")
    options: Mapping[str, str] = field(repr=False, default_factory=dict)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    user: str = field(repr=False, default="")
    password: str = field(repr=False, default="")

    @property
    def name(self) -> str:
        """What people are told: no credential, nor a segment that looks like one."""
        path = "/".join("***" if part in self._keys else part for part in self.path.split("/"))
        return f"{self.scheme}://{self.host}{path}"

    @property
    def url(self) -> str:
        """Where requests go: as it was given, without what is meant for us."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.host}{self.path or '/'}{query}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every part that must not be shown."""
        token = self.options.get("token", "")
        return (self.password, token, *self.headers.values(), *self._keys, self.query)

    @property
    def _keys(self) -> list[str]:
        """Some stores take their key as a part of the path; a bucket, a folder has none."""
        has_keys = self.scheme in {"http", "https"}
        return [part for part in self.path.split("/") if has_keys and _is_key(part)]

    @property
    def authorization(self) -> dict[str, str]:
        """The header of the bearer `token`, or of user with password; none without either."""
        if token := self.options.get("token"):
            return {"authorization": f"Bearer {token}"}
        if self.user or self.password:
            pair = b64encode(f"{self.user}:{self.password}".encode()).decode()
            return {"authorization": f"Basic {pair}"}
        return {}

    def switch(self, name: str, *, default: bool) -> bool:
        """Return whether an option is on.

        Raises:
            SettingsError: it is neither on nor off.
        """
        word = self.options.get(name, "").lower()
        if word and word not in _WORDS:
            raise SettingsError(f"cannot use {self.name}: {name} is a switch; write 1 or 0")
        return _WORDS.get(word, default)


def split(text: str) -> tuple[str, ...]:
    """Return the URLs of a list with commas, spaces or lines between them."""
    return tuple(part.strip(" \t\r\n,") for part in _BEGINNING.split(text) if part.strip(" \r\n,"))


def parse(url: str, ours: tuple[str, ...], *, strict: bool = False) -> Address:
    """Take a URL apart.

    Args:
        url: one URL; it may hold credentials, so no error repeats it.
        ours: the names of the query's parts that are meant for us.
        strict: there is nobody else whom a part of the query could be meant for.

    Raises:
        SettingsError: it is no URL, or has a part that nobody knows.
    """
    try:
        url.encode()  # a variable may hold stray bytes
        parts = urlsplit(url.strip())
        _ = parts.port  # it is read late
    except ValueError:
        raise SettingsError(
            "cannot use a URL of AGENT_LOG_SINK: host or port cannot be read;"
            " percent-encode what is special in user, password"
        ) from None
    host = parts.netloc.rpartition("@")[2]
    if not parts.scheme or (not host and parts.scheme != "file"):
        raise SettingsError(
            "cannot use a URL of AGENT_LOG_SINK: it has no scheme or no host;"
            " write s3://bucket/prefix or https://host/path"
        )
    options, headers, rest = _parted(parts.query, ours)
    found = Address(
        scheme=parts.scheme.lower(),
        host=host,
        path=parts.path,
        query="&".join(rest),
        options=options,
        headers=headers,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
    if strict and rest:
        _refuse(found, rest[0].partition("=")[0], ours)
    return found


def decoded(path: str) -> str:
    """Return a path's words without the slashes around them."""
    return unquote(path).strip("/")


def _parted(query: str, ours: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return what is meant for us, the headers, what is the store's own."""
    options: dict[str, str] = {}
    headers: dict[str, str] = {}
    rest = []
    for part in filter(None, query.split("&")):
        raw, _, value = part.partition("=")
        name = unquote_plus(raw)
        if name.lower() in ours:
            options[name.lower()] = unquote_plus(value)
        elif name.lower().startswith(_HEADER):
            _add_header(headers, name[len(_HEADER) :], unquote_plus(value))
        else:
            rest.append(part)
    return options, headers, rest


def _add_header(headers: dict[str, str], name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
        raise SettingsError(
            "cannot use a URL of AGENT_LOG_SINK: a header.NAME=VALUE of it is no header;"
            " write printable ASCII, percent-encoded"
        )
    headers[name.lower()] = value


def _refuse(found: Address, name: str, ours: tuple[str, ...]) -> None:
    close = get_close_matches(name.lower(), ours, n=1, cutoff=_LIKENESS)
    fix = f"did you mean {close[0]}?" if close else f"known are {', '.join(ours)}, header.NAME"
    raise SettingsError(f"cannot use {found.name}: {ascii(name)[:40]} is not known; {fix}")


def _is_key(segment: str) -> bool:
    return (
        len(segment) >= _TOKEN_LENGTH
        and any(sign.isdigit() for sign in segment)
        and any(sign.isalpha() for sign in segment)
    )
