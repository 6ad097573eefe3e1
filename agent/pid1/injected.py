"""The injected facts by the names that ``GET /v1/deployment`` and ``GET /v1/match`` have.

PID 1 has no third-party module, so it reads them by itself; a test holds both together.
"""

import json

_SINGLES = {
    "request_id": ("ARBITRIUM_REQUEST_ID", "EDGEGAP_REQUEST_ID", "EG_REQUEST_ID",
                   "EDGE_REQUEST_ID"),
    "public_ip": ("ARBITRIUM_PUBLIC_IP",),
    "tags": ("ARBITRIUM_DEPLOYMENT_TAGS",),
    "host.id": ("ARBITRIUM_HOST_ID",),
    "host.base_clock_mhz": ("ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY",),
    "host.vcpu_units": ("ARBITRIUM_DEPLOYMENT_VCPU_UNITS",),
    "host.memory_mb": ("ARBITRIUM_DEPLOYMENT_MEMORY_MB",),
    "match.id": ("MM_MATCH_ID",),
    "match.profile": ("MM_MATCH_PROFILE",),
    "match.expansion_stage": ("MM_EXPANSION_STAGE", "MM_EXPANSION"),
    "match.ticket_ids": ("MM_TICKET_IDS",),
}  # fmt: skip
_OBJECTS = {
    "location": "ARBITRIUM_DEPLOYMENT_LOCATION",
    "match.equality": "MM_EQUALITY",
    "match.intersection": "MM_INTERSECTION",
}
_MAPPING = "ARBITRIUM_PORTS_MAPPING"
_PORT = "ARBITRIUM_PORT_"
_FIELDS = ("internal", "external", "protocol")
_DOMAIN = "pr.edgegap.net"


def names(environ: dict[str, str]) -> dict[str, str]:
    """Return each name with its value; nothing that is empty or malformed has a name.

    Args:
        environ: the variables that everybody may see.
    """
    found: dict[str, str] = {}
    for name, variables in _SINGLES.items():
        text = next((environ[each] for each in variables if environ.get(each, "").strip()), "")
        _put(found, name, _parsed(text) if text.lstrip().startswith("[") else text)
    if "request_id" in found:
        found["fqdn"] = f"{found['request_id']}.{_DOMAIN}"
    for name, variable in _OBJECTS.items():
        for key, value in _object(environ, variable).items():
            _put(found, f"{name}.{key}", value)
    _put_ports(found, environ)
    for name, value in environ.items():
        if not name.startswith("AGENT_"):
            found[f"args.{name}"] = _clean(value)
    return found


def _put_ports(found: dict[str, str], environ: dict[str, str]) -> None:
    """Read the mapping; where it is not whole, the single variables fill its gaps."""
    mapping = _object(environ, _MAPPING)
    inner = mapping.get("ports")
    if isinstance(inner, dict) and "internal" not in inner:
        mapping = inner
    known = set()
    for key, port in mapping.items():
        if isinstance(port, dict):
            name = str(port.get("name") or key)
            known.add(_variable(name))
            number = key if key.isdecimal() else None
            _put_port(found, name, {"internal": number, **port})
    if not mapping or len(known) < len(mapping):
        _put_single_ports(found, environ, known)


def _put_single_ports(found: dict[str, str], environ: dict[str, str], known: set[str]) -> None:
    """Read ``ARBITRIUM_PORT_<NAME>_INTERNAL`` and its like."""
    for variable, value in environ.items():
        stem = variable.removesuffix("_INTERNAL")
        name = stem.removeprefix(_PORT)
        if _PORT + name + "_INTERNAL" == variable and name not in known:
            port = {field: environ.get(f"{stem}_{field.upper()}") for field in _FIELDS}
            _put_port(found, name.lower(), {**port, "internal": value.strip().lstrip("0")})


def _put_port(found: dict[str, str], name: str, port: "Mapping[str, object]") -> None:
    """Take a port; 0 is the version's word for an internal number that equals the external."""
    internal = port.get("internal") or port.get("external")
    for field, value in {**port, "internal": internal}.items():
        if field in _FIELDS:
            _put(found, f"ports.{name}.{field}", value)


def _variable(name: str) -> str:
    """Return how the platform writes a port's name in a variable."""
    return "".join(each if each.isascii() and each.isalnum() else "_" for each in name.upper())


def _put(found: dict[str, str], name: str, value: object) -> None:
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        value = ",".join(str(each) for each in value)
    if isinstance(value, dict | list):
        value = json.dumps(value)
    text = "" if value is None else _clean(str(value)).strip()
    if text:
        found[name] = text


def _clean(text: str) -> str:
    """Return the text on one line: a line break would be a new setting in many a file."""
    return "".join(each if each >= " " and each != "\x7f" else " " for each in text)


def _object(environ: dict[str, str], variable: str) -> dict[str, object]:
    value = _parsed(environ.get(variable, ""))
    return value if isinstance(value, dict) else {}


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from collections.abc import Mapping
