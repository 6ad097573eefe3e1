"""Whether the settings, the injected variables are right as they are here."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from .core import conditions
from .edgegap.environment import Deployment, Facts, facts
from .edgegap.matchmaker import masked
from .edgegap.readyport import advice
from .logs import probe as sinks
from .pid1.secrets import is_secret
from .screen import Screen
from .settings import Settings, given, read

EX_CONFIG = 78
_WIDE = 12  # columns of a label
_NO_SINK = (
    "no log sink was tried: AGENT_LOG_SINK is not here; behind entrypoint.sh it is kept from every"
    " command, so run the check with `docker run --entrypoint arbitrium-agent`"
)
_ASSUMED = (
    "AGENT_GRACE is not set, so 5s is assumed; set it to the app version's "
    "termination_grace_period_seconds"
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found; no value of a secret is in it."""

    settings: dict[str, str]  # those that were set
    secrets: tuple[str, ...]  # names alone
    facts: Facts
    faults: tuple[str, ...]
    notices: tuple[str, ...]
    tried: tuple[sinks.Tried, ...] = ()


def check(
    environ: Mapping[str, str], screen: Screen, *, in_json: bool, probe: bool = False
) -> int:
    """Print what is found; return 0, or 78 where something is wrong.

    Args:
        environ: the variables.
        screen: how it is shown.
        in_json: as one JSON object instead.
        probe: also send a line to every log sink.
    """
    found = _probed(examine(environ), environ) if probe else examine(environ)
    if in_json:
        print(json.dumps(_plain(found)))
    else:
        print(_report(found, screen))
    return EX_CONFIG if found.faults else 0


def examine(environ: Mapping[str, str]) -> Findings:
    """Return what is right here, what is wrong."""
    settings, problems = read(environ)
    told = facts(environ)
    more = settings.secret_names
    wrong, to_know = advice(settings.ready_port, told.deployment.ports)
    return Findings(
        settings=given(settings),
        secrets=tuple(sorted(name for name in environ if is_secret(name, more))),
        facts=told,
        faults=(
            *(found.line for found in problems if found.is_fault),
            *told.complaints,
            *wrong,
            *_strange_ports(settings, told),
            *sinks.faults(environ),
        ),
        notices=(
            *(() if "grace" in settings.model_fields_set else (_ASSUMED,)),
            *(found.line for found in problems if not found.is_fault),
            *to_know,
        ),
    )


def _strange_ports(settings: Settings, told: Facts) -> Iterator[str]:
    """Yield a line for each port that a condition names, yet the app version does not."""
    declared = told.deployment.ports
    for setting, text, kinds in (
        ("AGENT_READY_WHEN", settings.ready_when, conditions.READY),
        ("AGENT_HEALTH_WHEN", settings.health_when, conditions.HEALTH),
    ):
        for name in conditions.named_ports(conditions.parse(text, kinds)):
            if declared and name not in declared:
                yield f"{setting}: {name} is no declared port; name one of {', '.join(declared)}"


def _probed(found: Findings, environ: Mapping[str, str]) -> Findings:
    """Return the findings with what came of a line to every sink."""
    tried = asyncio.run(sinks.try_all(environ))
    wrong = [f"cannot send logs to {each.sink}: {each.detail}" for each in tried if not each.ok]
    absent = () if environ.get(sinks.VARIABLE) else (_NO_SINK,)
    return replace(
        found,
        tried=tried,
        faults=(*found.faults, *wrong),
        notices=(*found.notices, *absent),
    )


def _plain(found: Findings) -> dict[str, object]:
    match = found.facts.match
    return {
        "ok": not found.faults,
        "settings": found.settings,
        "is_on_edgegap": found.facts.is_on_edgegap,
        "deployment": msgspec.to_builtins(found.facts.deployment),
        "match": None if match is None else msgspec.to_builtins(masked(match)),
        "secrets": found.secrets,
        "sinks": msgspec.to_builtins(found.tried),
        "faults": found.faults,
        "notices": found.notices,
    }


def _report(found: Findings, screen: Screen) -> str:
    rest = len(Settings.model_fields) - len(found.settings)
    wide = max(map(len, found.settings), default=0) + 2
    lines = [
        screen.heading("settings"),
        *(f"  {name.ljust(wide)}{value}" for name, value in found.settings.items()),
        f"  {rest} at their defaults",
        screen.heading("deployment"),
        *(f"  {label.ljust(_WIDE)}{text}" for label, text in _deployment(found)),
        *_sinks(found, screen),
        *(screen.error(line) for line in found.faults),
        *(screen.warning(line) for line in found.notices),
    ]
    if not found.faults:
        lines.append(f"{screen.good('ok:')} nothing is wrong here")
    return "\n".join(lines)


def _sinks(found: Findings, screen: Screen) -> list[str]:
    rows = [f"  {each.sink}  {each.detail}" for each in found.tried if each.ok]
    return [screen.heading("log sinks"), *rows] if rows else []


def _deployment(found: Findings) -> list[tuple[str, str]]:
    deployment, match = found.facts.deployment, found.facts.match
    if not found.facts.is_on_edgegap:
        return [("Edgegap", "no: neither ARBITRIUM_REQUEST_ID nor ARBITRIUM_DELETE_URL is there")]
    rows = [
        ("id", deployment.request_id or "unknown"),
        ("address", _address(deployment)),
        ("place", _place(deployment)),
        *(("port", text) for text in _ports(deployment)),
    ]
    if match is not None:
        tickets = f"{len(match.tickets)} of {len(match.ticket_ids)} tickets"
        rows.append(("match", f"{match.id or 'unnamed'}, {tickets}"))
    rows.append(("secrets", f"{', '.join(found.secrets) or 'none'} (values not shown)"))
    return rows


def _address(deployment: Deployment) -> str:
    guess = " (guessed from the id)" if deployment.is_fqdn_guessed else ""
    return f"{deployment.public_ip or 'unknown'}, {deployment.fqdn or 'no name'}{guess}"


def _place(deployment: Deployment) -> str:
    place = deployment.location
    words = (place.city, place.country) if place else ()
    return ", ".join(word for word in words if word) or "unknown"


def _ports(deployment: Deployment) -> list[str]:
    return [
        f"{port.name}: {port.protocol.value} {port.internal}, outside {port.external}"
        for port in deployment.ports.values()
    ] or ["none declared"]
