"""Logs pushed to Grafana Loki."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from ..errors import SettingsError
from . import address, codecs
from .attempts import Store
from .exchange import RETRIED, Answer
from .levels import Level
from .parcel import Parcel
from .push import OPTIONS, Push
from .records import Record, Style

_NO_NAME = re.compile(r"[^a-zA-Z0-9_]")
_IGNORED = re.compile(rb"total ignored: (\d{1,9}) out of \d")
_MOST_LABELS = 15  # of a stream: max_label_names_per_series
_MOST_VALUE = 2048  # bytes: max_label_value_length

# What differs with every deployment would make a stream of each, which Loki is slow with.
_MANY = frozenset(
    {"id", "ip", "name", "host", "fqdn", "players", "phase", "pid", "session", "count", "tags"}
)
_ALWAYS_LABELS = frozenset({"service_name", "service_namespace", "service_version"})


def open_store(url: str, found: Mapping[str, str], style: Style) -> Store:
    """Return the store of ``https://host[/loki/api/v1/push]?format=loki&labels=&metadata=``.

    Args:
        url: `labels` are the names of those labels that make a stream, for a choice of one's
            own; ``metadata=0`` is for a Loki that takes no structured metadata: before 3.0,
            or with a schema before v13. A tenant is ``header.X-Scope-OrgID=``.
        found: of no concern.
        style: how lines become records.

    Raises:
        SettingsError: the URL asks for what there is not.
    """
    del found
    place = address.parse(url, (*OPTIONS, "labels", "metadata"))
    if codecs.chosen(place) is codecs.ZSTD:
        raise SettingsError(f"cannot use {place.name}: Loki takes no zstd; write compress=gzip")
    names = [_name(name) for name in place.options.get("labels", "").split(",") if name]
    form = Loki(frozenset(names), has_metadata=place.switch("metadata", default=True))
    return Push(place, form, style)


class Loki:
    """The push API (grafana.com/docs/loki, "Ingest logs"), JSON."""

    content_type = "application/json"
    path = "/loki/api/v1/push"
    retried = RETRIED

    def __init__(self, names: frozenset[str] = frozenset(), *, has_metadata: bool = True) -> None:
        """Take the labels that make a stream, none = our choice."""
        self._names = names
        self._has_metadata = has_metadata

    def encode(
        self, parcel: Parcel, records: Sequence[Record], labels: Mapping[str, str]
    ) -> bytes:
        """Return one stream: what all deployments share as labels, the rest as metadata."""
        stream, rest = self._parted(labels)
        stream = {**stream, "source": parcel.source}
        values = [
            [str(record.at), record.text, *([_metadata(record, rest)] * self._has_metadata)]
            for record in records
        ]
        return msgspec.json.encode({"streams": [{"stream": stream, "values": values}]})

    def rejected(self, answer: Answer, count: int) -> int | None:
        """Return how many entries a 400 has left out: the others of the request are in."""
        said = _IGNORED.search(answer.body) if answer.status == 400 else None  # noqa: PLR2004
        return min(int(said[1]), count) if said else None

    def _parted(self, labels: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return (the stream's labels, what goes with each line)."""
        stream: dict[str, str] = {"service_name": "game-server"}
        rest: dict[str, str] = {}
        for given, value in labels.items():
            name = _name(given)
            text = value.encode(errors="replace")[:_MOST_VALUE].decode(errors="ignore")
            if self._makes_stream(name) and len(stream) < _MOST_LABELS - 1:
                stream[name] = text
            else:
                rest[name] = text
        return stream, rest

    def _makes_stream(self, name: str) -> bool:
        if self._names:
            return name in self._names
        return name in _ALWAYS_LABELS or name.rpartition("_")[2] not in _MANY


def _name(given: str) -> str:
    """Return a label's name as Prometheus takes it."""
    name = _NO_NAME.sub("_", given)
    return f"_{name}" if name[:1].isdecimal() else name


def _metadata(record: Record, rest: Mapping[str, str]) -> dict[str, str]:
    more = {"offset": str(record.offset)}
    if record.level is not Level.UNKNOWN:
        more["level"] = record.level.name.lower()
    if record.category:
        more["category"] = record.category
    if record.is_cut:
        more["truncated"] = "true"
    if record.continues:
        more["continuation"] = "true"
    return {**rest, **more}
