"""Lines of the game that make conditions true, once, in bounded time."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.core.conditions import Check
from agent.core.events import ConditionChecked, Event
from agent.game.conditionlines import follow
from agent.logs.following import Follower

from ..logs.spools import Filled

NOTHING: Mapping[str, int] = {}


async def met(
    spool: Filled, *checks: Check, after: Mapping[str, int] = NOTHING
) -> tuple[list[Event], list[str]]:
    """Return what is met until nothing is waited for any more, with what is said."""
    posted: list[Event] = []
    said: list[str] = []
    async with asyncio.timeout(20):
        await follow(Follower(str(spool.folder)), checks, after, posted.append, said.append)
    return posted, said


async def test_each_condition_is_met_once_by_its_line(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    spool.write(b"loading\nServer ready\n")
    spool.write(b"FATAL: no map\nFATAL again\n", source="stderr")
    checks = Check("log", "[Rr]eady$"), Check("log!", "^FATAL")
    posted, said = await met(spool, *checks)
    assert set(posted) == {
        ConditionChecked("log:[Rr]eady$", holds=True),
        ConditionChecked("log!:^FATAL", holds=False, note="FATAL: no map"),
    }
    assert said == []


async def test_lines_of_the_life_before_do_not_count(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    spool.write(b"up 1\nup 2\n")
    after = {"stdout": len(b"up 1\n")}
    posted, _ = await met(spool, Check("log!", r"up \d"), after=after)
    assert posted == [ConditionChecked(r"log!:up \d", holds=False, note="up 2")]


async def test_line_is_matched_as_soon_as_it_is_whole(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    spool.write(b"re")
    waiting = asyncio.create_task(met(spool, Check("log", "ready")))
    await asyncio.wait([waiting], timeout=0.05)
    spool.write(b"ady\n")
    posted, _ = await waiting
    assert posted == [ConditionChecked("log:ready", holds=True)]


@pytest.mark.parametrize("other", ["log", "log!"])
async def test_pattern_that_takes_for_ever_is_given_up_alone(tmp_path: Path, other: str) -> None:
    spool = Filled(tmp_path)
    spool.write(b"a" * 60 + b"!\nup\n")
    posted, said = await met(spool, Check("log", "(a+)+$"), Check(other, "^up"))
    assert [each.check for each in posted if isinstance(each, ConditionChecked)] == [
        f"{other}:^up"
    ]
    assert said == ["cannot use log:(a+)+$: it takes too long; simplify the pattern"]
