"""The deployment's network ports, as the platform maps them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .variables import Variables, whole, word

MAPPING = "ARBITRIUM_PORTS_MAPPING"
MAX_PORT = 65_535

_ASSUMED = "taken as TCP/UDP"

_SINGLE = re.compile(r"ARBITRIUM_PORT_(\w+)_INTERNAL")


class Protocol(Enum):
    """What the platform forwards; only UDP is not TCP underneath."""

    UDP = "UDP"
    TCP = "TCP"
    TCP_UDP = "TCP/UDP"
    HTTP = "HTTP"
    HTTPS = "HTTPS"
    WS = "WS"
    WSS = "WSS"


_PROTOCOLS = {protocol.value: protocol for protocol in Protocol}


@dataclass(frozen=True, slots=True)
class Port:
    """One declared port.

    Attributes:
        name: as the app version calls it, else its internal number.
        internal: where the game listens.
        external: where players connect to.
        protocol: what the game speaks there.
        tls_upgrade: the platform's proxy speaks TLS in front, the game stays plain.
        is_one_to_one: declared as 0, so that the internal number equals the external one,
            which only the variables tell.
    """

    name: str
    internal: int
    external: int
    protocol: Protocol
    tls_upgrade: bool = False
    is_one_to_one: bool = False


def read_ports(variables: Variables) -> dict[str, Port]:
    """Return the declared ports by name, from the mapping; the single variables fill its gaps."""
    ports: dict[str, Port] = {}
    mapping, is_whole = _mapping(variables)
    for key, entry in mapping.items():
        port = _from_entry(variables, key, entry)
        is_whole = is_whole and port is not None
        if port is not None:
            # Two ports of one name would hide each other: the key is unique.
            ports[port.name if port.name not in ports else key] = port
    if is_whole:
        return ports
    known = {variable_name(name) for name in ports}
    single = _from_single_variables(variables)
    return ports | {
        name: port for name, port in single.items() if variable_name(name) not in known
    }


def variable_name(port_name: str) -> str:
    """Return how the platform writes a port's name inside ``ARBITRIUM_PORT_<NAME>_INTERNAL``."""
    return re.sub(r"[^A-Z0-9]", "_", port_name.upper())


def _mapping(variables: Variables) -> tuple[dict[str, object], bool]:
    """Return the entries, with or without the outer wrapper, then whether they are all."""
    whole_mapping = variables.mapping(MAPPING)
    inner = whole_mapping.get("ports")
    if inner is None or (isinstance(inner, dict) and "internal" in inner):
        return whole_mapping, bool(whole_mapping)  # no wrapper, or a port of the name "ports"
    if isinstance(inner, dict):
        return inner, True
    variables.complain(MAPPING, 'has "ports" that are not an object')
    return {}, False


def _from_entry(variables: Variables, key: str, entry: object) -> Port | None:
    """Read ``"gameport": {"name", "internal", …}``; the key may be a number."""
    shown = f"port {key[:40]!r}"
    if not isinstance(entry, Mapping):
        variables.complain(MAPPING, f"has {shown} that is not an object")
        return None
    name = word(entry.get("name")) or key
    internal = entry.get("internal", key if whole(key) else None)
    port = _port(name, internal, entry.get("external"), entry.get("protocol"), entry)
    if port is None:
        variables.complain(MAPPING, f"has {shown} without numbers from 1 to {MAX_PORT}")
        return None
    if _protocol(entry.get("protocol")) is None:
        variables.complain(MAPPING, f"has {shown} of an unknown protocol", _ASSUMED)
    return port


def _from_single_variables(variables: Variables) -> dict[str, Port]:
    """Read ``ARBITRIUM_PORT_<NAME>_INTERNAL``, ``_EXTERNAL``, ``_PROTOCOL``."""
    ports: dict[str, Port] = {}
    for variable in variables.named("ARBITRIUM_PORT_"):
        match = _SINGLE.fullmatch(variable)
        if match is None or variables.text(variable) is None:
            continue
        stem, name = variable.removesuffix("_INTERNAL"), match[1].lower()
        protocol = variables.text(f"{stem}_PROTOCOL")
        external = variables.text(f"{stem}_EXTERNAL")
        port = _port(name, variables.text(variable), external, protocol, {})
        if port is None:
            variables.complain(
                variable, f"and _EXTERNAL are not both numbers from 1 to {MAX_PORT}"
            )
            continue
        if _protocol(protocol) is None:
            variables.complain(f"{stem}_PROTOCOL", "is not a protocol", _ASSUMED)
        ports[name] = port
    return ports


def _port(
    name: str, internal: object, external: object, protocol: object, extra: Mapping[str, object]
) -> Port | None:
    inner, outer = whole(internal), whole(external)
    if inner is None or outer is None or not 1 <= outer <= MAX_PORT or inner > MAX_PORT:
        return None
    return Port(
        name=name,
        internal=inner or outer,  # still 0: the version's own word for one-to-one
        external=outer,
        protocol=_protocol(protocol) or Protocol.TCP_UDP,
        tls_upgrade=extra.get("tls_upgrade") is True,
        is_one_to_one=inner in {0, outer},
    )


def _protocol(value: object) -> Protocol | None:
    return _PROTOCOLS.get((word(value) or "").upper())
