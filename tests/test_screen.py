import json
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from agent.core.phases import Health, Mode, Phase, Reason, Report
from agent.core.snapshot import (
    GameStatus,
    HoldStatus,
    MatchStatus,
    PlayersStatus,
    ReportStatus,
    Status,
    StopStatus,
    TimerStatus,
)
from agent.screen import Screen

PLAIN = Screen(colours=False)
NAMES = ("start_timeout", "nobody_joined", "everybody_left", "max_duration", "game_unhealthy")
FRESH = Status(
    boot_id="b-1",
    revision=1,
    phase=Phase.STARTING,
    phase_seconds=3.2,
    why="",
    uptime_seconds=3.4,
    mode=Mode.ENFORCE,
    health=Health.UNKNOWN,
    health_age_seconds=None,
    ready_by=None,
    game=GameStatus(pid=12, running=True, uptime_seconds=3.4, exit=None, restarts=0),
    players=PlayersStatus(count=None, capacity=None, ids=(), source=None, age_seconds=None),
    match=None,
    hold=None,
    timers=tuple(
        TimerStatus(name=name, running=False, limit_seconds=600, elapsed_seconds=0, why="off")
        for name in NAMES
    ),
    stop=None,
    self_stop=ReportStatus(state=Report.NOT_OWED, attempts=0, detail=""),
    would_stop={},
    agent_starts=1,
    degraded=(),
)
FULL = replace(
    FRESH,
    phase=Phase.DRAINING,
    why="patch day",
    mode=Mode.OBSERVE,
    health=Health.HEALTHY,
    health_age_seconds=2.0,
    game=GameStatus(pid=12, running=True, uptime_seconds=303.0, exit=None, restarts=2),
    players=PlayersStatus(
        count=12, capacity=16, ids=tuple(f"p{i}" for i in range(12)), source="api", age_seconds=1.0
    ),
    match=MatchStatus(id="m-42", seconds=61.0),
    hold=HoldStatus(seconds_left=40.0, why="map change"),
    timers=(
        TimerStatus(
            name="max_duration",
            running=True,
            limit_seconds=84_600,
            elapsed_seconds=303,
            why="counts from the container's start",
        ),
        *FRESH.timers[:4],
    ),
    stop=StopStatus(reason=Reason.REQUESTED, why="patch day", stage="drain", seconds_left=9.0),
    self_stop=ReportStatus(state=Report.OWED, attempts=2, detail="HTTP 503"),
    would_stop={"everybody_left": 3},
    agent_starts=2,
    degraded=tuple(f"cannot use AGENT_{i}: no" for i in range(9)),
)


def plain(status: Status) -> dict[str, Any]:
    """Return the status as a client gets it."""
    built: dict[str, Any] = json.loads(msgspec.json.encode(status))
    return built


def test_fresh_state_is_shown_aligned() -> None:
    assert PLAIN.status(plain(FRESH)).splitlines() == [
        "phase      starting for 3s",
        "health     unknown, no ping yet",
        "game       pid 12, up 3s",
        "players    unknown: nobody has told; unknown is not empty",
        "timers     start_timeout    off",
        "           nobody_joined    off",
        "           everybody_left   off",
        "           max_duration     off",
        "           game_unhealthy   off",
        "self-stop  not owed",
        "agent      up 3s, 1 start, revision 1",
    ]


def test_fullest_state_fits_into_25_lines() -> None:
    lines = PLAIN.status(plain(FULL)).splitlines()
    assert lines == [
        "phase      draining for 3s, observing only (patch day)",
        "health     healthy, heard 2s ago",
        "game       pid 12, up 5m3s, 2 restarts",
        "players    12 of 16 by api, 1s ago: p0, p1, p2, p3, p4, p5, p6, p7, …",
        "match      m-42, for 1m1s",
        "hold       40s left (map change)",
        "timers     max_duration     5m3s of 23h30m: counts from the container's start",
        "           start_timeout    off",
        "           nobody_joined    off",
        "           everybody_left   off",
        "           max_duration     off",
        "stop       requested (patch day), drain, 9s to KILL",
        "self-stop  owed after 2 attempts: HTTP 503",
        "would stop everybody_left 3",
        "agent      up 3s, 2 starts, revision 1",
        *(f"degraded   cannot use AGENT_{i}: no" for i in range(4)),
        "degraded   5 more: status --json",
    ]
    assert len(lines) <= 25


@pytest.mark.parametrize(
    ("game", "said"),
    [
        (GameStatus(None, False, None, "killed by SIGSEGV", 1), "killed by SIGSEGV, 1 restart"),
        (GameStatus(None, False, None, None, 0), "not running"),
    ],
)
def test_game_that_is_gone_is_told_by_its_end(game: GameStatus, said: str) -> None:
    assert f"game       {said}\n" in PLAIN.status(plain(replace(FRESH, game=game)))


def test_state_of_an_older_agent_is_shown_as_far_as_it_goes() -> None:
    lines = PLAIN.status({"phase": "ready", "timers": "none", "degraded": None})
    assert "phase      ready for unknown" in lines
    assert len(lines.splitlines()) <= 25


def test_colours_change_nothing_but_the_colour() -> None:
    coloured = Screen(colours=True).status(plain(FULL))
    assert "\x1b[32mhealthy\x1b[0m" in coloured
    assert re.sub("\x1b\\[[0-9]*m", "", coloured) == PLAIN.status(plain(FULL))


def test_first_look_tells_everything_of_weight() -> None:
    assert PLAIN.changes({}, plain(FRESH)) == (
        "phase starting, health unknown, game running, self-stop not owed"
    )


def test_changes_are_told_by_name() -> None:
    assert PLAIN.changes(plain(FRESH), plain(FULL)) == (
        "phase starting -> draining, health unknown -> healthy, players unknown -> 12 of 16, "
        "match none -> m-42, hold none -> on, stop none -> requested, drain, "
        "self-stop not owed -> owed"
    )


def test_passing_time_is_no_change() -> None:
    later = replace(FULL, phase_seconds=9.0, revision=2, uptime_seconds=11.0)
    assert PLAIN.changes(plain(FULL), plain(later)) == ""


def test_match_without_an_id_is_on() -> None:
    on = plain(replace(FRESH, match=MatchStatus(id="", seconds=1.0)))
    assert "match none -> on" in PLAIN.changes(plain(FRESH), on)
    assert "match      on, for 1s" in PLAIN.status(on)
