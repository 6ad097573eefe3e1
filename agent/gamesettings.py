"""The settings that say how the game is looked at."""

from pydantic import Field
from pydantic_settings import BaseSettings

from . import kinds


class GameSettings(BaseSettings):
    """The game as seen from outside: ready, players, health; times in seconds."""

    ready_when: kinds.ReadyWhen = Field(
        "auto",
        description="`auto`: game ready by its call `POST /v1/ready`, else by its declared "
        "ports; `api`: by the call alone; or conditions, one a line: `udp:gameport`, `tcp:7777`, "
        "`log:REGEX`, `a2s:27015`, `http:8080/path`, `delay:5s`, `any(…)`, `all(…)`",
    )
    ready_port: kinds.Text = Field(
        "",
        description="a declared TCP port, by name or number, that we open once the game is "
        "ready: with `to_check` it makes the deployment READY true",
    )
    ready_port_drain: kinds.OpenOrClose = Field(
        "open", description="`close`: it is shut again while draining"
    )
    start_timeout: kinds.Limit = Field(
        600.0, description="a game that shows no life for this long is given up"
    )
    players: kinds.PlayerSources = Field(
        "auto",
        description="who tells of players: `auto` is all of `api,log,a2s,tcp,traffic`, the most "
        "trusted first, or a list of some; `api` or `log` alone: it will tell, so nobody is "
        "there at first",
    )
    players_log: kinds.PlayerLines = Field(
        (),
        description="lines of the output that tell of players: a preset (`unreal`, `mirror`, "
        "`source`, `minecraft`, `godot`, `teeworlds`), or lines `join REGEX`, `leave REGEX` "
        "with a group `(?P<id>…)`",
    )
    players_period: kinds.Period = Field(
        10.0, description="how often it is looked from outside who is there"
    )
    nobody_joined: kinds.Limit = Field(
        300.0, description="stop when nobody came for this long after game ready"
    )
    everybody_left: kinds.Limit = Field(
        120.0, description="stop when everybody is gone for this long"
    )
    stale_players: kinds.Limit = Field(
        0.0, description="players without any traffic for this long count as gone"
    )
    health_period: kinds.Period = Field(
        5.0, description="how often the game is expected to ping, or is looked at"
    )
    health_timeout: kinds.Wait = Field(
        60.0, description="unhealthy without a ping for this long; armed by the first ping"
    )
    health_delay: kinds.Limit = Field(
        0.0, description="armed without a ping, this long after game ready"
    )
    health_when: kinds.HealthWhen = Field(
        "",
        description="looked at each period from game ready on, conditions as above: `port` (all "
        "are still bound), `udp:…`, `tcp:…`, `a2s:…`, `http:…`, `log!:REGEX` (a fatal line)",
    )
    health_tries: kinds.Tries = Field(
        3, description="unhealthy after so many failures in a row; twice as many while it works"
    )
    hang_signal: kinds.Signal = Field(
        6,
        description="a game that hangs gets this signal before it is killed: engines write their "
        "call stack by it",
    )
    hang_cap: kinds.Limit = Field(10.0, description="how long that may take, inside the budget")
    crash_dir: kinds.Path = Field(
        "",
        description="where the reports of crashes are kept, the last three; empty = in the spool, "
        "to the container's end",
    )
