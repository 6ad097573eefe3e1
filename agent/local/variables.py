"""The environment that the platform gives to a container."""

import json
import re
import secrets
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .version import Port, Version

LOCATION: dict[str, str | float] = {
    "city": "Montreal",
    "country": "Canada",
    "continent": "North America",
    "administrative_division": "Quebec",
    "timezone": "Eastern Time",
    "latitude": 45.513707,
    "longitude": -73.619073,
}
PUBLIC_IP = "127.0.0.1"
_HIGHEST_PORT = 59_999  # the API's own maximum
_given_out: deque[int] = deque(maxlen=1000)
_BASE = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
}


def _hex(digits: int) -> str:
    return secrets.token_hex(digits // 2)


@dataclass(frozen=True, slots=True)
class Identity:
    """What is drawn anew for each deployment; the tokens stay out of its repr."""

    deployment: str = field(default_factory=lambda: _hex(12))
    stop_key: str = field(default_factory=lambda: str(100_000 + secrets.randbelow(900_000)))
    delete_token: str = field(default_factory=lambda: _hex(32), repr=False)
    context_token: str = field(default_factory=lambda: _hex(32), repr=False)


def assigned(ports: Sequence[Port]) -> tuple[Port, ...]:
    """Return the ports with their external numbers; port 0 becomes one-to-one."""
    return tuple(_assign(port) for port in ports)


def environment(
    version: Version, identity: Identity, ports: Sequence[Port], origin: str
) -> dict[str, str]:
    """Return the container's whole environment.

    Args:
        version: its custom variables come last, so that a test can break an injected one.
        identity: the deployment's.
        ports: as `assigned` returned them.
        origin: the platform's scheme, host with port: ``http://127.0.0.1:8000``.
    """
    merged: dict[str, str | None] = {
        **_BASE,
        **_of_deployment(version, identity, origin),
        **_of_host(),
        **_of_ports(ports),
        **version.matchmaker,
        **version.env,
    }
    return {name: value for name, value in merged.items() if value is not None}


def _assign(port: Port) -> Port:
    if port.internal == 0:
        number = port.external or free_port(port.protocol)
        return replace(port, internal=number, external=number)
    return replace(port, external=port.external or free_port(port.protocol))


def free_port(protocol: str) -> int:
    """Return a port that is free for *protocol* just now, one that nobody was given before."""
    kind = socket.SOCK_DGRAM if "UDP" in protocol.upper() else socket.SOCK_STREAM
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("", 0))
            number = int(probe.getsockname()[1])
        if number <= _HIGHEST_PORT and number not in _given_out:
            _given_out.append(number)  # whoever got it may take a while to bind it
            return number


def _of_deployment(version: Version, identity: Identity, origin: str) -> Mapping[str, str]:
    name, key = identity.deployment, identity.stop_key
    return {
        "ARBITRIUM_REQUEST_ID": name,
        "ARBITRIUM_PUBLIC_IP": PUBLIC_IP,
        "ARBITRIUM_DELETE_URL": f"{origin}/v1/self/stop/{name}/{key}",
        "ARBITRIUM_DELETE_TOKEN": identity.delete_token,
        "ARBITRIUM_CONTEXT_URL": f"{origin}/v1/context/{name}/{key}",
        "ARBITRIUM_CONTEXT_TOKEN": identity.context_token,
        "ARBITRIUM_DEPLOYMENT_LOCATION": json.dumps(LOCATION),
        "ARBITRIUM_DEPLOYMENT_TAGS": ",".join(version.tags),
        "ARBITRIUM_DEPLOYMENT_VCPU_UNITS": "1024",
        "ARBITRIUM_DEPLOYMENT_MEMORY_MB": "2048",
    }


def _of_host() -> Mapping[str, str]:
    return {
        "ARBITRIUM_HOST_ID": "local-0",
        "ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY": "2000",
        "ARBITRIUM_HOST_IN_PRIVATE_FLEET": "false",
        "ARBITRIUM_PRIVATE_FLEET_ID": "PUBLIC_CLOUD",
        # Both names of the switch are about; without a beacon its numbers are empty strings.
        "ARBITRIUM_HOST_BEACON_ENABLED": "false",
        "ARBITRIUM_BEACON_ENABLED": "false",
        "ARBITRIUM_HOST_BEACON_PUBLIC_IP": "",
        "ARBITRIUM_HOST_BEACON_PORT_UDP_EXTERNAL": "",
        "ARBITRIUM_HOST_BEACON_PORT_TCP_EXTERNAL": "",
    }


def _of_ports(ports: Sequence[Port]) -> Mapping[str, str]:
    mapping = {
        port.name: {
            "name": port.name,
            "internal": port.internal,
            "external": port.external,
            "protocol": port.protocol,
        }
        for port in ports
    }
    variables = {"ARBITRIUM_PORTS_MAPPING": json.dumps({"ports": mapping})}
    for port in ports:
        prefix = f"ARBITRIUM_PORT_{re.sub('[^A-Z0-9]', '_', port.name.upper())}"
        variables[f"{prefix}_INTERNAL"] = str(port.internal)
        variables[f"{prefix}_EXTERNAL"] = str(port.external)
        variables[f"{prefix}_PROTOCOL"] = port.protocol
    return variables


def matchmaker(match: str, profile: str, tickets: Sequence[str]) -> dict[str, str]:
    """Return the MM_* variables of a match of one team, one group with one ticket each."""
    groups = {f"group-{ticket}": [ticket] for ticket in tickets}
    return {
        "MM_MATCH_ID": match,
        "MM_MATCH_PROFILE": profile,
        "MM_EXPANSION_STAGE": "initial",
        "MM_TICKET_IDS": json.dumps(list(tickets)),
        "MM_GROUPS": json.dumps(groups),
        "MM_TEAMS": json.dumps({"team-1": list(groups)}),
        "MM_EQUALITY": json.dumps({"selected_game_mode": "quickplay"}),
        "MM_INTERSECTION": json.dumps({"selected_map": ["Airport"]}),
        **{f"MM_TICKET_{ticket}": json.dumps(_ticket(ticket)) for ticket in tickets},
    }


def _ticket(name: str) -> dict[str, object]:
    return {
        "id": name,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "player_ip": "192.0.2.7",  # reserved for documentation, so it is nobody's
        "group_id": f"group-{name}",
        "team_id": "team-1",
        "attributes": {"beacons": {"Montreal": 12.3}},
    }
