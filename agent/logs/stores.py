"""The sink that a URL of AGENT_LOG_SINK stands for.

Every kind has a file of its own with ``open_store(url, found, style) -> Store``, imported when a
URL asks for it. HTTP goes through `exchange`, URLs through `address`.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from .. import journal
from ..errors import SettingsError
from .address import parse, split
from .attempts import Attempts, Store
from .codecs import OPTION, lack
from .parcel import Sink
from .records import Style
from .redacting import Redacting
from .redaction import Redactor

__all__ = ["lacks", "make_sink", "split"]

Found = Mapping[str, str]
Opener = Callable[[str, Found, Style], Store]

_FORMATS = ("ndjson", "otlp", "loki")
_PATHS = {"/v1/logs": "otlp", "/loki/api/v1/push": "loki"}
_WHOLE = {"s3": "s3", "file": "file", "gs": "clouds", "az": "clouds"}


def make_sink(
    url: str,
    secrets: Found,
    environ: Found | None = None,
    style: Style | None = None,
    redactor: Redactor | None = None,
) -> Sink:
    """Return the sink; nothing is sent, nothing is opened yet.

    Args:
        url: one URL, see `split`.
        secrets: what PID 1 hands over; credentials are looked up there first.
        environ: the variables that everybody may see; ``os.environ`` where not given.
        style: how lines become records, where the store wants records.
        redactor: what must not leave the container.

    Raises:
        SettingsError: the URL cannot be used; the text has the fix, never a credential.
    """
    found = {**(os.environ if environ is None else environ), **secrets}
    address = parse(url, ("format", "token"))
    for part in address.secrets:
        journal.mask(part)
    kind = _kind(address.scheme, address.options.get("format", "").lower(), address.path)
    store = _opener(kind)(url, found, style or Style())
    return Attempts(Redacting(store, redactor) if redactor else store)


def lacks(urls: Iterable[str]) -> tuple[str, ...]:
    """Return a line on each sink that does with less than it was asked to."""
    found = []
    for url in urls:
        with suppress(SettingsError):  # what is no sink is told elsewhere
            found.append(lack(parse(url, (OPTION,))))
    return tuple(filter(None, found))


def _kind(scheme: str, given: str, path: str) -> str:
    """Return which sink it is; a format is given, or guessed from where a path leads."""
    if scheme in _WHOLE:
        return _WHOLE[scheme]
    if scheme not in {"http", "https"}:
        raise SettingsError(
            f"cannot send logs to {scheme[:20]}://: it is not known; write s3://bucket/prefix,"
            " https://host/path or file:///folder"
        )
    kind = given or _PATHS.get(path.rstrip("/"), "ndjson")
    if kind not in _FORMATS:
        raise SettingsError(
            f"cannot send logs with format={ascii(kind)[1:-1][:20]}: it is not known;"
            f" write {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}"
        )
    return kind


def _opener(kind: str) -> Opener:
    """Load one sink; the others cost nothing."""
    match kind:
        case "s3":
            from .s3 import open_store
        case "file":
            from .folder import open_store
        case "clouds":
            from .clouds import open_store
        case "otlp":
            from .otlp import open_store
        case "loki":
            from .loki import open_store
        case _:
            from .ndjson import open_store
    return open_store
