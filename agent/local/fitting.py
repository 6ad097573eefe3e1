"""Whether an app version's fields and the settings in its variables fit together."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.core.durations import render
from agent.errors import SettingsError
from agent.settings import Settings, read

_DEFAULT_GRACE = 5  # seconds; what the platform takes is not documented, this is the least
_DEFAULT_MINUTES = 1440
_LONGEST = 4096  # bytes of a variable's value
_MEMORY_PER_CPU = 2  # MB a unit, by the API's document
_MINUTE = 60


def faults(path: Path) -> list[str]:
    """Return a line for each thing in a version's JSON that does not fit, with its fix.

    Raises:
        SettingsError: the file holds no version.
    """
    try:
        version = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read the version {path}: {error}") from None
    if not isinstance(version, dict):
        raise SettingsError(
            f"cannot use {path}: it is no object; `arbitrium-agent version` makes one"
        )
    try:
        return list(_judge(version))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise SettingsError(f"cannot use {path}: {error!r}; see the API's document") from None


def _judge(version: Mapping[str, Any]) -> Iterator[str]:
    envs = {str(entry["key"]): str(entry["value"]) for entry in version.get("envs") or ()}
    settings, problems = read(envs)
    yield from (problem.line for problem in problems)
    yield from _grace(version, settings)
    yield from _policy(version, settings)
    yield from _ports(version.get("ports") or (), settings)
    yield from _duration(version, settings)
    for name, value in envs.items():
        if len(value.encode()) > _LONGEST:
            yield f"{name} is longer than 4 KB, the platform's limit; put it into a file"
    if version.get("req_memory", 0) > _MEMORY_PER_CPU * version.get("req_cpu", float("inf")):
        yield "req_memory is more than double req_cpu, which the API refuses; raise req_cpu"


def _grace(version: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    grace = float(version.get("termination_grace_period_seconds") or _DEFAULT_GRACE)
    if settings.grace > grace:
        yield (
            f"AGENT_GRACE={render(settings.grace)} is more than the version's "
            f"termination_grace_period_seconds ({grace:g}): SIGKILL would come before we are "
            f"done; set AGENT_GRACE={grace:g}"
        )
    elif settings.grace < grace:
        how = "is less" if "grace" in settings.model_fields_set else "is not set, so 5s, less"
        yield (
            f"AGENT_GRACE {how} than termination_grace_period_seconds ({grace:g}): the game would "
            f"be killed early; set AGENT_GRACE={grace:g}"
        )


def _policy(version: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    policy = version.get("restart_policy", "always")
    if policy == "never":
        return
    leaves = [
        name
        for name, value in (
            ("AGENT_ON_GAME_EXIT", settings.on_game_exit.value),
            ("AGENT_ON_GAME_CRASH", settings.on_game_crash.value),
            ("AGENT_ON_UNHEALTHY", settings.on_unhealthy.value),
            ("AGENT_AFTER_STOP_WAIT", settings.after_stop_wait),
        )
        if value == "exit"
    ]
    for name in leaves:
        yield (
            f"{name}=exit ends the container, which restart_policy {policy} starts again, and "
            "bills; set restart_policy to never, or leave the setting out"
        )


def _ports(ports: Sequence[Mapping[str, Any]], settings: Settings) -> Iterator[str]:
    seen: set[tuple[int, str]] = set()
    for port in ports:
        number, protocol = int(port["port"]), str(port["protocol"]).upper()
        name = port.get("name") or f"port {number}"
        if protocol == "UDP" and port.get("to_check", True):
            yield (
                f"to_check of {name} checks a UDP port, where nothing can be checked; set it to "
                "false, or declare AGENT_READY_PORT as a TCP port with to_check"
            )
        if number == 0 and not port.get("name"):
            yield "a port 0 has no name, so nobody can learn its number; name it"
        if number and number == settings.port:
            yield f"{name} opens the agent's own API to the world; take {number} out of the ports"
        if number and (number, protocol) in seen:
            yield f"{name} declares {number}/{protocol} a second time; take one of them out"
        seen.add((number, protocol))
    yield from _ready_port(ports, settings)


def _ready_port(ports: Sequence[Mapping[str, Any]], settings: Settings) -> Iterator[str]:
    wanted = settings.ready_port
    if wanted and not any(
        wanted in (port.get("name"), str(port["port"]))
        and str(port["protocol"]).upper() != "UDP"
        and port.get("to_check", True)
        for port in ports
    ):
        yield (
            f"AGENT_READY_PORT={wanted} makes nothing READY; declare it as a TCP port with "
            "to_check true"
        )


def _duration(version: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    minutes = int(version.get("max_duration", _DEFAULT_MINUTES))
    if minutes > 0 and (not settings.max_duration or settings.max_duration >= minutes * _MINUTE):
        ours = render(settings.max_duration) if settings.max_duration else "off"
        yield (
            f"max_duration ({minutes} min) ends the deployment before AGENT_MAX_DURATION ({ours}) "
            f"announces it; set AGENT_MAX_DURATION below {minutes}m"
        )
