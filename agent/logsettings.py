"""The settings that say where the output goes."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from . import kinds
from .kinds import word
from .logs.levels import PRESETS


class LogSettings(BaseSettings):
    """Logs: our own lines, the spool, the sinks; times in seconds, sizes in bytes."""

    log_format: Annotated[str, word("text", "json")] = Field(
        "text", description="the agent's own lines: `text`, or `json` for collectors"
    )
    status_period: kinds.Limit = Field(
        60.0, description="how often the agent writes its status line; it also comes with a phase"
    )
    log_linger: kinds.Linger = Field(
        0.3, description="on Edgegap, a pause at the end, inside the budget, for its log collector"
    )
    log_sink: kinds.Hidden = Field(
        SecretStr(""),
        description="where all output is sent: URLs with commas or lines between them, such as "
        "`s3://bucket/prefix?region=`, `https://host/path`; kept from the game",
    )
    log_labels: kinds.Labels = Field(
        (), description="goes along with everything that is sent: `name=value,…`"
    )
    log_redact: kinds.Patterns = Field(
        (), description="regular expressions, one a line; what they match is not sent"
    )
    log_redact_ips: kinds.Switch = Field(
        default=False, description="nor are IP addresses, for instance the players'"
    )
    log_preset: Annotated[str, word(*PRESETS)] = Field(
        "plain",
        description="who writes the lines, so that level, category and stack traces are told "
        "from them: `plain`, `unreal`, `unity`, `godot`, `java` or `python`",
    )
    log_ansi: kinds.Switch = Field(
        default=False, description="leave the terminal's colours in what is sent line by line"
    )
    log_rate: kinds.Count = Field(
        0,
        description="the most lines a second of one source that are sent line by line, the "
        "rest is counted; 0 = all",
    )
    log_files: kinds.Globs = Field(
        (),
        description="files of the game that are sent too, as they grow and rotate: patterns from "
        "its working directory, comma-separated, such as `Saved/Logs/*.log,~/logs/**/*.txt`; "
        "`auto` = where the engine of `AGENT_LOG_PRESET` writes, or all known ones",
    )
    log_files_echo: kinds.Switch = Field(
        default=False,
        description="their lines also go to the container's stderr, each with its file's name: "
        "the platform keeps nothing else",
    )
    spool_dir: kinds.Path = Field(
        "",
        description="where output waits for a slow collector; empty = the first writable "
        "temporary place",
    )
    spool_max: kinds.Size = Field(
        32 * 1024 * 1024,
        description="how much of it is kept; less in memory-backed places, 256MiB where a sink "
        "is set",
    )
