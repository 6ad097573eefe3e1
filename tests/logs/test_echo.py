"""Lines of files on their way to the container's output, through a pipe of PID 1's."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agent import clock
from agent.logs.echo import STREAM, TOKEN, Echo
from agent.logs.spoolreader import SpoolReader

from .logged import MIB, Logged


async def aside(work: Callable[[], Any]) -> Any:
    return work()


class PidOne:
    """The reading end: counts what has come."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.text = b""
        self.echo: Echo | None = None

    def order(self, do: str, /, **fields: object) -> None:
        assert (do, fields) == ("seal_segment", {"token": TOKEN})
        self.take()
        assert self.echo is not None
        self.echo.heard({"stdout": 7, STREAM: len(self.text)})

    def take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.reader, MIB):
                self.text += data


@pytest.fixture
def pid1() -> PidOne:
    return PidOne()


@contextlib.asynccontextmanager
async def echoing(logged: Logged, pid1: PidOne) -> AsyncIterator[Echo]:
    """Run an echo; at the block's end it is killed wherever it is."""
    pid1.echo = echo = Echo(str(logged.spool), pid1, pid1.writer)
    task = asyncio.create_task(echo.run(aside))
    yield echo
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_lines_come_with_their_files_names_a_partial_one_when_nothing_more_will(
    tmp_path: Path, pid1: PidOne
) -> None:
    logged = Logged(tmp_path)
    logged.write(b"one\ntw")
    logged.write(b"other\n", "b.log")
    logged.look()
    async with echoing(logged, pid1) as echo:
        await echo.flush(20.0, final=False)
        pid1.take()
        assert pid1.text == b"[Game.log] one\n[b.log] other\n"
        logged.files.seal()  # in the midst of a line: it is one line all the same
        logged.write(b"o\nthree")
        logged.look()
        await echo.flush(20.0, final=False)
        await echo.flush(20.0, final=True)
        pid1.take()
    assert pid1.text.endswith(b"other\n[Game.log] two\n[Game.log] three\n")


async def test_successor_goes_on_in_the_midst_of_a_line(tmp_path: Path, pid1: PidOne) -> None:
    """The pipe was full when the agent was killed: some of a plan had gone, some had not."""
    logged = Logged(tmp_path)
    lines = [b"line %d\n" % number for number in range(6_000)]
    logged.write(b"".join(lines))
    logged.look()
    fcntl.fcntl(pid1.writer, fcntl.F_SETPIPE_SZ, 4096)
    for _ in range(10):
        async with echoing(logged, pid1) as echo:
            await echo.flush(0.05, final=False)
    async with echoing(logged, pid1) as echo:
        end = clock.now() + 20.0
        while not echo.has(SpoolReader(logged.spool).pieces()[-1]) and clock.now() < end:
            pid1.take()
            await echo.flush(0.001, final=False)
        pid1.take()
    assert pid1.text == b"".join(b"[Game.log] " + line for line in lines)


async def test_without_a_plan_everything_that_is_kept_is_told(
    tmp_path: Path, pid1: PidOne
) -> None:
    logged = Logged(tmp_path)
    logged.write(b"x" * 100_000 + b"\n")
    logged.look()
    (logged.spool / "echo.json").write_bytes(b"{")
    async with echoing(logged, pid1) as echo:
        await echo.flush(20.0, final=False)
        while not echo.has(SpoolReader(logged.spool).pieces()[-1]):
            pid1.take()
            await echo.flush(0.01, final=False)
        pid1.take()
    assert pid1.text.count(b"x") == 100_000
    assert all(line.startswith(b"[Game.log] ") for line in pid1.text.splitlines())
