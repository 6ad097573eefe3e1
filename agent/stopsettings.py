"""The settings that say when the deployment ends, or how."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from . import kinds
from .core.phases import Policy
from .kinds import word


class StopSettings(BaseSettings):
    """Stops: what causes one, what it may take; times in seconds."""

    max_duration: kinds.Limit = Field(
        84_600.0,
        description="stop after this long; the platform itself ends public deployments at 24h",
    )
    max_duration_warning: kinds.Delay = Field(
        300.0, description="how long before that it is announced"
    )
    on_match_end: Annotated[str, word("stop", "ready")] = Field(
        "stop", description="after a match: `stop`, or `ready` for the next one"
    )
    on_game_exit: kinds.PolicyWord = Field(
        Policy.STOP,
        description="the game ended with status 0: `stop` the deployment, `restart` the "
        "game, `exit` the container",
    )
    on_game_crash: kinds.PolicyWord = Field(
        Policy.STOP, description="the game ended in any other way: likewise"
    )
    on_unhealthy: kinds.PolicyWord = Field(
        Policy.STOP, description="the game hangs, or says that it is unhealthy: likewise"
    )
    stop_timeout: kinds.Budget = Field(
        60.0,
        description="the whole time of a stop of our own; the platform's SIGTERM cuts it to "
        "the grace",
    )
    drain: kinds.Delay = Field(
        15.0,
        description="the part of it in which players may leave by themselves, a quarter at most",
    )
    stop_by: kinds.StopList = Field(
        (("signal", 0.0),),
        description="how the game is asked to stop, in order, with caps: "
        "`file:2s,stdin:1s,http:3s,rcon:3s,signal`; `events:5s` leaves a game that follows the "
        "status its time; "
        "default with `AGENT_SDK=gsdk`: `events:5s,signal`",
    )
    stop_signal: kinds.Signal = Field(15, description="the signal of that list, by name or number")
    stop_file: kinds.Path = Field(
        "", description="the file of that list; `{reason, seconds_left}` is written to it"
    )
    stop_text: kinds.Text = Field(
        "stop", description="what that list writes to stdin, as a line, or sends by `rcon`"
    )
    stop_url: kinds.LoopbackUrl = Field(
        "",
        description="where that list's `http` posts `{reason, seconds_left}`: a URL of the game's "
        "on loopback",
    )
    rcon_port: kinds.Port = Field(
        0, description="the game's Source RCON port (TCP) on loopback, for that list's `rcon`"
    )
    rcon_password: kinds.Hidden = Field(
        SecretStr(""), description="its password; kept from the game's environment"
    )
    grace: kinds.Grace = Field(
        5.0,
        description="the app version's `termination_grace_period_seconds`; set it, or 5s is "
        "assumed with a warning",
    )
    stop_wait: kinds.Wait = Field(
        900.0, description="how long the platform's SIGTERM is awaited after an accepted self-stop"
    )
    after_stop_wait: Annotated[str, word("stay", "exit")] = Field(
        "stay",
        description="when it did not come: `stay`, repeating the self-stop, or `exit` (for "
        "restart policy `never`)",
    )
