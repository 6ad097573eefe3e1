"""Loki as its push API's documentation has it, over the strict store."""

import re
from dataclasses import dataclass, field

import msgspec

from tests.fakes.logstore import Reply, Sent

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_LINE_BYTES = 256 * 1024  # max_line_size
_LABELS = 15  # max_label_names_per_series
_VALUE_BYTES = 2048  # max_label_value_length
_METADATA_BYTES = 64 * 1024  # max_structured_metadata_size

Entry = tuple[str, str] | tuple[str, str, dict[str, str]]


class _Stream(msgspec.Struct, forbid_unknown_fields=True):
    stream: dict[str, str]
    values: list[list[str | dict[str, str]]]


class _Push(msgspec.Struct, forbid_unknown_fields=True):
    streams: list[_Stream]


@dataclass
class Loki:
    """Takes pushes as Loki does.

    Attributes:
        oldest: ns; what is older is ignored (``reject_old_samples_max_age``).
        takes_metadata: off, it is a Loki before 3.0 or with an old schema.
        streams: what is kept, by the stream's labels; time with line is an entry's identity.
    """

    oldest: int = 0
    takes_metadata: bool = True
    streams: dict[tuple[tuple[str, str], ...], dict[tuple[int, str], dict[str, str]]] = field(
        default_factory=dict
    )

    def answer(self, sent: Sent) -> Reply:
        if (sent.method, sent.target) != ("POST", "/loki/api/v1/push"):
            return Reply(404, body=b"404 page not found")
        if sent.headers.get("content-type") != "application/json":
            return _refused("unsupported content type")
        try:
            push = msgspec.json.decode(sent.text, type=_Push)
            entries = [
                (tuple(sorted(each.stream.items())), _entry(value))
                for each in push.streams
                for value in self._checked(each)
            ]
        except (msgspec.MsgspecError, ValueError) as error:
            return _refused(str(error))
        old = [entry for _, entry in entries if entry[0] < self.oldest]
        for labels, (at, line, metadata) in entries:
            if at >= self.oldest:
                self.streams.setdefault(labels, {})[at, line] = metadata
        if old:
            return _refused(
                f"entry with timestamp {old[0][0]} ignored, reason: 'entry too far behind',\n"
                f"total ignored: {len(old)} out of {len(entries)} for stream: {{}}"
            )
        return Reply(204)

    def _checked(self, stream: _Stream) -> list[list[str | dict[str, str]]]:
        if not stream.stream:
            raise ValueError("error at least one label pair is required per stream")
        if len(stream.stream) > _LABELS:
            raise ValueError("max_label_names_per_series")
        for name, value in stream.stream.items():
            if not _LABEL.fullmatch(name) or len(value.encode()) > _VALUE_BYTES:
                raise ValueError(f"invalid label {name}")
        if not self.takes_metadata and any(len(value) > 2 for value in stream.values):
            raise ValueError("stream has structured metadata, which is disallowed")
        return stream.values


def _entry(value: list[str | dict[str, str]]) -> tuple[int, str, dict[str, str]]:
    at, line, *rest = value
    metadata = rest[0] if rest else {}
    if not isinstance(at, str) or not isinstance(line, str) or not isinstance(metadata, dict):
        raise ValueError("Value is not a string")  # noqa: TRY004 - all of it is a 400
    if len(line.encode()) > _LINE_BYTES:
        raise ValueError("Max entry size exceeded")
    if not all(_LABEL.fullmatch(name) for name in metadata):
        raise ValueError("invalid structured metadata name")
    if sum(len(name) + len(text) for name, text in metadata.items()) > _METADATA_BYTES:
        raise ValueError("structured metadata too large")
    return int(at), line, metadata


def _refused(why: str) -> Reply:
    return Reply(400, body=why.encode())
