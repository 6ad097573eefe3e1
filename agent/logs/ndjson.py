"""Logs as lines of JSON, which nearly every log service takes by POST."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from . import address
from .attempts import Store
from .exchange import RETRIED, Answer
from .levels import Level
from .parcel import Parcel
from .push import OPTIONS, Push
from .records import Record, Style

_NS = 1_000_000_000


def open_store(url: str, found: Mapping[str, str], style: Style) -> Store:
    """Return the store of ``https://host/path?format=ndjson&token=&compress=&batch=``.

    Args:
        url: may hold ``user:password@`` or a bearer `token`; every ``header.NAME=VALUE`` goes
            along; what else stands in the query is the store's.
        found: of no concern.
        style: how lines become records.

    Raises:
        SettingsError: an option is wrong.
    """
    del found
    return Push(address.parse(url, OPTIONS), Ndjson(), style)


class Ndjson:
    """A JSON object a record, a line each."""

    content_type = "application/x-ndjson"
    path = "/"
    retried = RETRIED

    def encode(
        self, parcel: Parcel, records: Sequence[Record], labels: Mapping[str, str]
    ) -> bytes:
        """Return the lines; labels stand beside a record's own fields, which win."""
        known = {_text(name): _text(text) for name, text in labels.items()}
        source = _text(parcel.source)
        encode = msgspec.json.Encoder().encode
        return b"".join(encode({**known, **_fields(source, record)}) + b"\n" for record in records)

    def rejected(self, answer: Answer, count: int) -> int | None:
        """Return that nothing is known: such stores have no common way to tell."""
        del answer, count
        return None


def _fields(source: str, record: Record) -> dict[str, object]:
    """Return what a record says of itself; with the session's label, source, offset name it."""
    seconds, rest = divmod(record.at, _NS)
    fields: dict[str, object] = {
        "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09}Z",
        "source": source,
        "offset": record.offset,
        "message": record.text,
    }
    if record.level is not Level.UNKNOWN:
        fields["level"] = record.level.name.lower()
    if record.category:
        fields["category"] = record.category
    if record.is_cut:
        fields["truncated"] = True
    if record.continues:
        fields["continues"] = True
    return fields


def _text(text: str) -> str:
    """Return text that JSON takes: a name from the system may hold stray bytes."""
    return text.encode(errors="replace").decode()
