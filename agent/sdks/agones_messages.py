"""Agones' gRPC messages, built from their published field numbers when they are needed."""

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    field_mask_pb2,
    message_factory,
    wrappers_pb2,
)
from google.protobuf.message import Message

SDK, BETA, ALPHA = "agones.dev.sdk", "agones.dev.sdk.beta", "agones.dev.sdk.alpha"

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _Field.TYPE_STRING,
    "int64": _Field.TYPE_INT64,
    "int32": _Field.TYPE_INT32,
    "bool": _Field.TYPE_BOOL,
}
_INT64 = "google.protobuf.Int64Value"
_STATUS = "agones.dev.sdk.GameServer.Status"

# name: "field number type", * = repeated, < = a map of texts to the type. From sdk.proto,
# beta.proto, alpha.proto of Agones 1.60 (Apache-2.0).
_MESSAGES: dict[str, dict[str, str]] = {
    SDK: {
        "Empty": "",
        "KeyValue": "key 1 string, value 2 string",
        "Duration": "seconds 1 int64",
        "GameServer": f"object_meta 1 {SDK}.GameServer.ObjectMeta,"
        f"spec 2 {SDK}.GameServer.Spec, status 3 {_STATUS}",
        "GameServer.ObjectMeta": "name 1 string, namespace 2 string, uid 3 string,"
        "resource_version 4 string, generation 5 int64, creation_timestamp 6 int64,"
        "deletion_timestamp 7 int64, annotations 8 <string, labels 9 <string",
        "GameServer.Spec": f"health 1 {SDK}.GameServer.Spec.Health",
        "GameServer.Spec.Health": "disabled 1 bool, period_seconds 2 int32,"
        "failure_threshold 3 int32, initial_delay_seconds 4 int32",
        "GameServer.Status": f"state 1 string, address 2 string, ports 3 *{_STATUS}.Port,"
        f"players 4 {_STATUS}.PlayerStatus, counters 5 <{_STATUS}.CounterStatus,"
        f"lists 6 <{_STATUS}.ListStatus, addresses 7 *{_STATUS}.Address",
        "GameServer.Status.Address": "type 1 string, address 2 string",
        "GameServer.Status.Port": "name 1 string, port 2 int32",
        "GameServer.Status.PlayerStatus": "count 1 int64, capacity 2 int64, ids 3 *string",
        "GameServer.Status.CounterStatus": "count 1 int64, capacity 2 int64",
        "GameServer.Status.ListStatus": "capacity 1 int64, values 2 *string",
    },
    BETA: {
        "Counter": "name 1 string, count 2 int64, capacity 3 int64",
        "CounterUpdateRequest": f"name 1 string, count 2 {_INT64}, capacity 3 {_INT64},"
        "countDiff 4 int64",
        "GetCounterRequest": "name 1 string",
        "UpdateCounterRequest": f"counterUpdateRequest 1 {BETA}.CounterUpdateRequest",
        "List": "name 1 string, capacity 2 int64, values 3 *string",
        "GetListRequest": "name 1 string",
        "UpdateListRequest": f"list 1 {BETA}.List, update_mask 2 google.protobuf.FieldMask",
        "AddListValueRequest": "name 1 string, value 2 string",
        "RemoveListValueRequest": "name 1 string, value 2 string",
    },
    ALPHA: {
        "Empty": "",
        "Count": "count 1 int64",
        "Bool": "bool 1 bool",
        "PlayerID": "playerID 1 string",
        "PlayerIDList": "list 1 *string",
    },
}


def build() -> dict[str, type[Message]]:
    """Return each message's class by its full name."""
    pool = descriptor_pool.DescriptorPool()
    for known in (wrappers_pb2, field_mask_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    found: dict[str, type[Message]] = {}
    for package, messages in _MESSAGES.items():
        pool.Add(_file(package, messages))
        for name in messages:
            full = f"{package}.{name}"
            found[full] = message_factory.GetMessageClass(pool.FindMessageTypeByName(full))
    return found


def _file(package: str, messages: dict[str, str]) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto",
        package=package,
        syntax="proto3",
        dependency=[
            wrappers_pb2.DESCRIPTOR.name,
            field_mask_pb2.DESCRIPTOR.name,
        ],
    )
    made: dict[str, descriptor_pb2.DescriptorProto] = {}
    for name, fields in messages.items():  # an outer message stands before its inner ones
        outer, _, inner = name.rpartition(".")
        message = made[outer].nested_type.add() if outer else file.message_type.add()
        message.name = inner
        made[name] = message
        for field in filter(None, (part.strip() for part in fields.split(","))):
            _add(message, f"{package}.{name}", field)
    return file


def _add(message: descriptor_pb2.DescriptorProto, full: str, text: str) -> None:
    name, number, kind = text.split()
    label = _Field.LABEL_REPEATED if kind[0] in "*<" else _Field.LABEL_OPTIONAL
    field = message.field.add(name=name, number=int(number), label=label)
    if kind[0] == "<":
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add(entry, full, "key 1 string")
        _add(entry, full, f"value 2 {kind[1:]}")
        kind = f"{full}.{entry.name}"
    kind = kind.lstrip("*")
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{kind}"
