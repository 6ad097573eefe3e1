"""The looks at the game's logs: when they come, what stops them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent import clock
from agent.core.options import Options
from agent.link import Truth
from agent.logs import filewatch
from agent.logs.filewatch import FileWatch
from agent.logs.gamefiles import GameFiles
from agent.logs.opening import open_shipper
from agent.logs.spoolreader import Piece
from tests import waiting

from .logged import Logged


@contextlib.asynccontextmanager
async def watching(files: Callable[[], GameFiles]) -> AsyncIterator[FileWatch]:
    watch = FileWatch(files)
    task = asyncio.create_task(watch.run())
    yield watch
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(look: Callable[[], bool]) -> None:
    await asyncio.to_thread(waiting.until, look)


async def test_write_is_seen_without_waiting_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filewatch, "LOOK_SECONDS", 1000.0)
    logged = Logged(tmp_path)
    logged.write(b"1\n")
    async with watching(logged.opened) as watch:
        await until(lambda: logged.read() == b"1\n")
        for number in range(2, 5):
            logged.write(b"%d\n" % number)
            await until(lambda n=number: logged.read().endswith(b"%d\n" % n))  # type: ignore[misc]
        assert watch.counters()["files_followed"] == 1


async def test_folder_without_a_watch_is_looked_at_each_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on overlayfs, where a file that was copied up tells nothing (moby#11705)."""
    monkeypatch.setattr("agent.logs.waking._open", lambda: (None, -1))
    logged = Logged(tmp_path)
    async with watching(logged.opened):
        logged.write(b"1\n")
        await until(lambda: logged.read() == b"1\n")


async def test_seal_copies_what_is_there_first(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"last")
    watch = FileWatch(logged.opened)
    assert watch.ends() == {}
    assert watch.counters() == {}
    piece = Piece("file:Game.log", 1, 0, 4, 0, is_sealed=True)
    assert not watch.release(piece)
    assert await watch.seal(clock.now() + 20.0, final=True) == {"file:Game.log": 4}
    assert not watch.release(replace(piece, source="stdout"))
    assert watch.release(piece)
    logged.write(b"!\n")
    assert await watch.seal(clock.now() + 20.0) == {"file:Game.log": 6}
    assert logged.read() == b"!\n"


async def test_disk_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    watch = FileWatch(logged.opened)
    assert await watch.seal(clock.now() - 1.0) == {}


async def test_folder_that_cannot_be_read_is_told_once_then_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logged = Logged(tmp_path)
    tries = []

    def opened() -> GameFiles:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(5, "Input/output error")
        return logged.opened()

    logged.write(b"1\n")
    async with watching(opened):
        await until(lambda: logged.read() == b"1\n")
    assert caplog.text.count("Input/output error") == 1


class NoPidOne:
    def order(self, do: str, /, **fields: object) -> None:
        raise AssertionError(do, fields)


def truth(spool: str, sink: str = "") -> Truth:
    return Truth(
        boot="b",
        born=clock.now(),
        start=1,
        url="",
        listeners=(),
        game_pid=None,
        game_started_at=None,
        game_exit=None,
        term_at=None,
        game_folder="/game",
        spool=spool,
        secrets={"AGENT_LOG_SINK": sink},
        notices=(),
    )


async def test_files_are_followed_only_where_that_was_asked_for(tmp_path: Path) -> None:
    def opened(spool: str, *files: str) -> tuple[bool, tuple[str, ...]]:
        shipper = open_shipper(
            truth(spool), Options(log_files=files), link=NoPidOne(), labels={}, linger=0.0
        )
        return shipper.files is not None, shipper.status().faults

    assert opened(str(tmp_path)) == (False, ())
    assert opened(str(tmp_path), "*.log") == (True, ())
    follows, (fault,) = opened("", "*.log")
    assert not follows
    assert "set AGENT_SPOOL_DIR" in fault


async def test_what_a_sink_writes_is_not_followed(tmp_path: Path) -> None:
    """A folder of readable files within the pattern would be copied into itself for ever."""
    (tmp_path / "sink").mkdir()
    (tmp_path / "sink/stdout-0.log").write_bytes(b"sent\n")
    (tmp_path / "Game.log").write_bytes(b"said\n")
    (tmp_path / "spool").mkdir()
    shipper = open_shipper(
        truth(str(tmp_path / "spool"), f"file://{tmp_path}/sink?gzip=0"),
        Options(log_files=(f"{tmp_path}/**/*.log",)),
        link=NoPidOne(),
        labels={},
        linger=0.0,
    )
    assert shipper.files is not None
    assert list(await shipper.files.seal(clock.now() + 20.0)) == [f"file:{tmp_path}/Game.log"]
