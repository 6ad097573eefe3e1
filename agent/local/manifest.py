"""An app version as its owner writes it down: ``edgegap.toml``."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from agent.core import durations
from agent.errors import SettingsError

from .version import Port, RestartPolicy

Protocol = Literal["UDP", "TCP", "TCP/UDP", "HTTP", "HTTPS", "WS", "WSS"]
_LEAST_GRACE, _MOST_GRACE = 5.0, 3600.0  # the API's bounds, seconds
_MATCH_NAME = re.compile(r"MM_\w+")


class PortEntry(Struct, forbid_unknown_fields=True, frozen=True):
    """One port; its name is the table's."""

    port: Annotated[int, Meta(ge=0, le=59_999)]
    protocol: Protocol = "UDP"
    to_check: bool = False
    tls_upgrade: bool = False


class Document(Struct, forbid_unknown_fields=True, frozen=True):
    """The file as it stands; durations as ``30``, ``"30s"``, ``"1h"``."""

    app: str = "local"
    version: Annotated[str, Meta(min_length=1, max_length=64)] = "local"
    image: str = ""
    command: list[str] = field(default_factory=list)
    grace: float | str = _LEAST_GRACE
    restart_policy: Literal["always", "never", "on_failure"] = "always"
    max_duration: float | str = "24h"
    cpu: Annotated[float, Meta(ge=0.1)] = 1.0  # vCPU
    memory: Annotated[int, Meta(ge=100)] = 2048  # MB
    tags: list[str] = field(default_factory=lambda: ["local"])
    match: str = ""
    ports: dict[str, PortEntry] = field(default_factory=lambda: {"gameport": PortEntry(7777)})
    envs: dict[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An app version, checked; the grace stands once, ``AGENT_GRACE`` follows it.

    Attributes:
        grace: from SIGTERM to SIGKILL, seconds.
        max_duration: minutes.
        matchmaker: the ``MM_*`` variables of its deployments.
    """

    document: Document
    grace: float
    max_duration: int
    envs: dict[str, str]
    matchmaker: dict[str, str]

    @property
    def policy(self) -> RestartPolicy:
        """What becomes of a container that leaves by itself."""
        return RestartPolicy(self.document.restart_policy)

    def ports(self, external: dict[str, int]) -> tuple[Port, ...]:
        """Return the ports, those of *external* with that number outside.

        Raises:
            SettingsError: *external* names a port that is none.
        """
        for name in external.keys() - self.document.ports.keys():
            known = ", ".join(self.document.ports)
            raise SettingsError(f"cannot give {name} an external port: the ports are {known}")
        return tuple(
            Port(
                name=name,
                internal=entry.port,
                external=external.get(name),
                protocol=entry.protocol,
                to_check=entry.to_check and entry.protocol != "UDP",
            )
            for name, entry in self.document.ports.items()
        )


def read(path: Path) -> Manifest:
    """Return what a file says.

    Raises:
        SettingsError: it cannot be read, or something in it is wrong.
    """
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
        document = msgspec.convert(plain, Document)
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, msgspec.ValidationError) as error:  # TOML's errors are ValueErrors
        raise SettingsError(f"cannot use {path}: {error}; mend it") from None
    return checked(document, path.parent)


def checked(document: Document, folder: Path = Path()) -> Manifest:
    """Return a document with its times understood, its match read.

    Raises:
        SettingsError: something in it is wrong.
    """
    grace = _seconds("grace", document.grace)
    if not _LEAST_GRACE <= grace <= _MOST_GRACE:
        raise SettingsError("cannot use grace: the platform takes 5 to 3600 seconds; write 30")
    envs = {name: _text(value) for name, value in document.envs.items()}
    return Manifest(
        document=document,
        grace=grace,
        max_duration=round(_seconds("max_duration", document.max_duration) / 60),
        envs={"AGENT_GRACE": durations.render(grace), **envs},
        matchmaker=read_match(folder / document.match) if document.match else {},
    )


def read_match(path: Path) -> dict[str, str]:
    """Return the variables of a JSON file ``{"MM_MATCH_ID": "…", "MM_EQUALITY": {…}}``.

    Raises:
        SettingsError: it cannot be read, or it holds something else.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read the match {path}: {error}") from None
    if not isinstance(plain, dict) or not all(map(_MATCH_NAME.fullmatch, plain)):
        raise SettingsError(
            f"cannot use the match {path}: write an object whose names begin with MM_"
        )
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in plain.items()
    }


def _seconds(name: str, value: float | str) -> float:
    try:
        return durations.parse(str(value))
    except ValueError as error:
        raise SettingsError(f"cannot use {name}: {error}") from None


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - a variable's value, not a flag
    return str(value).lower() if isinstance(value, bool) else str(value)
