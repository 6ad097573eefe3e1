"""Every setting of ours that the environment may carry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from . import kinds
from .core import faces
from .core.doubts import doubts
from .core.options import Options
from .core.phases import Mode
from .errors import SettingsError
from .gamesettings import GameSettings
from .kinds import word
from .logsettings import LogSettings
from .sdksettings import SdkSettings
from .stopsettings import StopSettings

PREFIX = "AGENT_"
SET_BY_PID1 = frozenset({"AGENT_URL"})
"""Names with our prefix that tell the game something; they are not settings."""

_LIKENESS = 0.75  # of two names; less is another program's variable
_SHOWN = 240  # characters of a complaint; a value may be 4 KB long


class Settings(LogSettings, SdkSettings, StopSettings, GameSettings):
    """The settings, their defaults, what they mean; times in seconds, sizes in bytes.

    Those that ``core.options.Options`` lacks are PID 1's alone: it reads them before anything
    heavy is imported. They stand here for checks, suggestions, documentation.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    port: kinds.Port = Field(
        8655, description="the control API's port on loopback, 0 = any; `AGENT_URL` tells the game"
    )
    expect: kinds.Calls = Field(
        (),
        description="for your CI: the calls that the game will make, `ready,health,…`; exit "
        "status 1 if it makes others",
    )
    mode: kinds.ModeWord = Field(
        Mode.ENFORCE, description="`observe`: stops of our own are only logged, counted"
    )
    container_log_storage: kinds.Text = Field(
        "", description="goes with the self-stop: `true`, `false`, or an endpoint storage's name"
    )
    secrets: Annotated[str, word("proxy", "strip", "pass")] = Field(
        "proxy",
        description="the platform's tokens as the game sees them: `proxy` = working "
        "stand-ins, `strip` = none, `pass` = the real ones",
    )
    secret_names: kinds.Names = Field(
        (), description="more variables to keep from the game: patterns, comma-separated"
    )
    game_user: kinds.Text = Field(
        "", description="run the game as this user: name, uid, or uid:gid"
    )
    templates: kinds.Templates = Field(
        (),
        description="files that are filled before the game starts: `source:target,…`, with "
        "`{{ports.gameport.internal}}` and the like in them",
    )
    strict: kinds.Switch = Field(
        default=False, description="refuse to start when a setting is bad or misspelt"
    )
    socket: kinds.SocketPath = Field(
        "",
        description="serve the control API on this Unix socket; the port is then only bound for "
        "clients of the platform's, such as a game that stops itself",
    )
    token: kinds.Token = Field(
        SecretStr(""),
        description="a bearer token that control API calls must carry; the game sees it",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``read`` hands over; it leaves bad values out, the environment would not."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one variable.

    Attributes:
        kind: "value" (its default is used instead), "name" (close to a setting's, so it has no
            effect), or "doubt" (used as it is).
    """

    setting: str
    kind: str
    line: str

    @property
    def is_fault(self) -> bool:
        """Return whether AGENT_STRICT refuses it."""
        return self.kind != "doubt"


def rows() -> tuple[tuple[str, str, str], ...]:
    """Return each setting's name, default, meaning, in the model's order."""
    return tuple(
        (_variable(name), _render(name, field.default), field.description or "")
        for name, field in sorted(Settings.model_fields.items(), key=_is_about_logs)
    )


def given(settings: Settings) -> dict[str, str]:
    """Return the settings that were set, as text, without the token's value."""
    return {
        _variable(name): _render(name, getattr(settings, name)) or "(set, not shown)"
        for name in Settings.model_fields
        if name in settings.model_fields_set
    }


def read(environ: Mapping[str, str]) -> tuple[Settings, tuple[Problem, ...]]:
    """Return the settings with all that is wrong; a bad value gives way to its default."""
    source = EnvSettingsSource(Settings)
    source.env_vars = {
        name.lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name.isupper() and value.strip()
    }
    values, problems = source(), list(_strangers(environ))
    try:
        settings = Settings(**values)
    except ValidationError as error:
        for fault in error.errors():
            name = str(fault["loc"][0])
            del values[name]
            problems.append(_bad_value(name, str(fault.get("ctx", {}).get("error", fault["msg"]))))
        settings = Settings(**values)
    problems += (Problem(setting, "doubt", line) for setting, line in doubts(_options(settings)))
    return settings, tuple(problems)


def load(environ: Mapping[str, str]) -> tuple[Options, tuple[Problem, ...]]:
    """Return what the service is to know, and all that is wrong with the variables.

    Raises:
        SettingsError: AGENT_STRICT is on, and a value is bad or a name misspelt; a line each.
    """
    settings, problems = read(environ)
    faults = [problem.line for problem in problems if problem.is_fault]
    if settings.strict and faults:
        raise SettingsError("\n".join(faults))
    options = replace(
        _options(settings),
        degraded=tuple(problem.line for problem in problems if problem.kind == "value"),
        notices=tuple(problem.line for problem in problems if problem.kind != "value"),
    )
    return options, problems


def _options(settings: Settings) -> Options:
    by = settings.stop_by
    if "gsdk" in settings.sdk and "stop_by" not in settings.model_fields_set:
        by = faces.GSDK_STOP_BY
    shared = [field.name for field in fields(Options) if field.name in Settings.model_fields]
    return Options(
        **{**{name: getattr(settings, name) for name in shared}, "stop_by": by},
        grace_assumed="grace" not in settings.model_fields_set,
        mode_given="mode" in settings.model_fields_set,
    )


def _strangers(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Find the names that were probably meant to be one of ours."""
    known = {_variable(name) for name in Settings.model_fields} | SET_BY_PID1
    endings = [name.removeprefix(PREFIX) for name in known]
    for name in sorted(environ):
        if name in known or not name.upper().startswith(PREFIX):
            continue
        ending = name.upper().removeprefix(PREFIX)
        if close := get_close_matches(ending, endings, n=1, cutoff=_LIKENESS):
            shown = ascii(name)[1:-1]
            line = f"{shown} is not a setting; did you mean {PREFIX}{close[0]}?"
            yield Problem(shown, "name", line)


def _bad_value(name: str, why: str) -> Problem:
    variable, default = _variable(name), _render(name, Settings.model_fields[name].default)
    why = why if len(why) <= _SHOWN else f"{why[: _SHOWN // 2]} … {why[-_SHOWN // 2 :]}"
    holds = f"its default {default} holds" if default else "it counts as not set"
    return Problem(variable, "value", f"cannot use {variable}: {why} ({holds})")


def _is_about_logs(field: tuple[str, object]) -> bool:
    return field[0] in LogSettings.model_fields


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _render(name: str, value: object) -> str:
    metadata = Settings.model_fields[name].metadata
    written = [entry.render for entry in metadata if isinstance(entry, kinds.Written)]
    return written[0](value) if written else str(value)
