"""An OTLP/HTTP receiver as the protocol's document has it, over the strict store."""

import msgspec

from tests.fakes.logstore import Reply, Sent


class Value(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    string_value: str


class Attribute(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    key: str
    value: Value


class LogRecord(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    time_unix_nano: str
    observed_time_unix_nano: str
    body: Value
    attributes: list[Attribute]
    severity_number: int = 0
    severity_text: str = ""

    @property
    def named(self) -> dict[str, str]:
        return {each.key: each.value.string_value for each in self.attributes}


class Scope(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    name: str


class ScopeLogs(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    scope: Scope
    log_records: list[LogRecord]


class Resource(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    attributes: list[Attribute]


class ResourceLogs(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    resource: Resource
    scope_logs: list[ScopeLogs]


class Export(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    resource_logs: list[ResourceLogs]


class Receiver:
    """Keeps what it takes."""

    def __init__(self) -> None:
        self.exports: list[Export] = []

    @property
    def records(self) -> list[LogRecord]:
        return [
            record
            for export in self.exports
            for resource in export.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def answer(self, sent: Sent) -> Reply:
        if (sent.method, sent.target) != ("POST", "/v1/logs"):
            return Reply(404)
        if sent.headers.get("content-type") != "application/json":
            return Reply(415)
        try:
            self.exports.append(msgspec.json.decode(sent.text, type=Export))
        except msgspec.MsgspecError as error:
            return Reply(400, body=str(error).encode())
        return Reply(200, (("content-type", "application/json"),), b"{}")
