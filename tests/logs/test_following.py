"""The game's lines as they come: complete, once each, also over an agent's death."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

import pytest

from agent.interfaces import OutputLine
from agent.logs import following, waking
from agent.logs.following import Follower

from .spools import Filled


async def read(
    spool: Filled, count: int, after: Mapping[str, int] | None = None
) -> list[OutputLine]:
    """Return the next lines as a reader that begins anew gets them."""
    found: list[OutputLine] = []
    async with (
        asyncio.timeout(30),
        aclosing(Follower(str(spool.folder)).lines(after or {})) as lines,
    ):
        async for line in lines:
            found.append(line)
            if len(found) == count:
                break
    return found


async def test_what_was_written_before_anybody_asked_comes_first(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    spool.write(b"ready\r\nann joi", seal=True)
    spool.write(b"ned\nbob jo")
    assert [line.text for line in await read(spool, 2)] == ["ready", "ann joined"]


async def test_line_is_told_once_it_has_an_end(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    spool.write(b"half a ")
    asking = asyncio.create_task(read(spool, 2))
    await asyncio.wait([asking], timeout=0.05)
    spool.write(b"line\n")
    spool.write(b"oops\n", source="stderr")
    told = {(line.source, line.text) for line in await asking}
    assert told == {("stdout", "half a line"), ("stderr", "oops")}


async def test_successor_goes_on_behind_the_last_line(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    spool.write("é\none\r\ntwo\nthree\n".encode())
    first = await read(spool, 2)
    rest = await read(spool, 2, {"stdout": first[-1].end})
    assert [line.text for line in rest] == ["two", "three"]


async def test_hole_in_the_spool_ends_a_line(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    for text in (b"before\nlost", b" in the hole\n", b"after\n"):
        spool.write(text, seal=True)
    sorted(spool.folder.glob("stdout-*.log"))[1].unlink()
    assert [line.text for line in await read(spool, 2)] == ["before", "after"]


async def test_kernel_that_tells_nothing_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "_open", lambda: (None, -1))
    monkeypatch.setattr(waking, "BLIND_SECONDS", 0.01)
    spool = Filled(tmp_path)
    asking = asyncio.create_task(read(spool, 1))
    await asyncio.wait([asking], timeout=0.05)
    spool.write(b"late\n")
    assert (await asking)[0].text == "late"


async def test_folder_that_cannot_be_watched_is_looked_at(tmp_path: Path) -> None:
    with waking.Waking(tmp_path / "none") as wake:
        async with asyncio.timeout(10):
            await wake.written()


async def test_spool_in_memory_has_no_lines() -> None:
    follower = Follower("")
    assert not follower.is_readable
    async with aclosing(follower.lines({})) as lines:
        asking = asyncio.ensure_future(anext(lines))  # noqa: TID251 - only to see that it waits
        done, _ = await asyncio.wait([asking], timeout=0.05)
        assert not done
        asking.cancel()
        await asyncio.wait([asking])


async def test_long_output_is_read_in_gulps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_GULP_BYTES", 64)
    spool = Filled(tmp_path)
    spool.write(b"".join(b"line %d\n" % number for number in range(100)))
    assert [line.text for line in await read(spool, 100)][-1] == "line 99"
