"""Logs as OpenTelemetry records over HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from . import address
from .attempts import Store
from .exchange import Answer
from .levels import Level
from .parcel import Parcel
from .push import OPTIONS, Push
from .records import Record, Style

_SCOPE = {"name": "arbitrium-agent"}
_SERVICE = {"service.name": "game-server"}  # the one attribute that every resource must have


def open_store(url: str, found: Mapping[str, str], style: Style) -> Store:
    """Return the store of ``https://host[/v1/logs]?format=otlp``.

    Raises:
        SettingsError: the URL asks for what there is not.
    """
    del found
    place = address.parse(url, OPTIONS)
    return Push(place, Otlp(), style)


class Otlp:
    """OTLP/HTTP with JSON (opentelemetry-proto, "OTLP Specification", version 1)."""

    content_type = "application/json"
    path = "/v1/logs"
    retried = frozenset({429, 502, 503, 504})  # "Retryable Response Codes": these, no others

    def encode(
        self, parcel: Parcel, records: Sequence[Record], labels: Mapping[str, str]
    ) -> bytes:
        """Return an ExportLogsServiceRequest; the labels are the resource's attributes."""
        shared = list(_attributes(_origin(parcel.source)))
        scoped = {
            "scope": _SCOPE,
            "logRecords": [_log_record(parcel.source, record, shared) for record in records],
        }
        resource = {"attributes": list(_attributes({**_SERVICE, **labels}))}
        return msgspec.json.encode(
            {"resourceLogs": [{"resource": resource, "scopeLogs": [scoped]}]}
        )

    def rejected(self, answer: Answer, count: int) -> int | None:
        """Return what ``partialSuccess`` says; a success without it rejects none."""
        if not answer.is_good:
            return None
        try:
            said = msgspec.json.decode(answer.body or b"{}", type=_Response)
            # The JSON of protobuf has an int64 as a string, many write a number.
            return min(max(int(said.partial_success.rejected_log_records), 0), count)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            return 0  # taken, whatever it says besides


class _PartialSuccess(msgspec.Struct, rename="camel"):
    rejected_log_records: int | str = 0


class _Response(msgspec.Struct, rename="camel"):
    partial_success: _PartialSuccess = msgspec.field(default_factory=_PartialSuccess)


def _log_record(source: str, record: Record, shared: list[dict[str, Any]]) -> dict[str, Any]:
    more = {"log.record.uid": f"{source}:{record.offset}"}
    if record.category:
        more["log.category"] = record.category
    if record.is_cut:
        more["log.truncated"] = "true"
    if record.continues:
        more["log.continuation"] = "true"
    entry: dict[str, Any] = {
        "timeUnixNano": str(record.at),
        "observedTimeUnixNano": str(record.at),
        "body": {"stringValue": record.text},
        "attributes": [*shared, *_attributes(more)],
    }
    if record.level is not Level.UNKNOWN:
        entry["severityNumber"] = record.level.value
        entry["severityText"] = record.level.name
    return entry


def _origin(source: str) -> dict[str, str]:
    """Return a source by the semantic conventions: a stream, or a file's name."""
    if source.startswith("file:"):
        return {"log.file.name": source.removeprefix("file:")}
    stream = source if source in {"stdout", "stderr"} else "stderr"
    return {"log.iostream": stream, "log.source": source}


def _attributes(named: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, value in named.items():
        # A variable may hold bytes that are no UTF-8.
        text = value.encode(errors="replace").decode()
        yield {"key": name, "value": {"stringValue": text}}
