"""What others lose between the game and the store, each loss named where it was reported.

Those of the sinks are in test_known_losses_sinks.py. Of the path, elsewhere: a stop that hangs
with the store (test_matrix.py), what is still in the pipe at the end (pid1/test_seals.py), what is
left at the end (test_last_line.py) or goes out at the next start (test_lives.py).
"""

import asyncio
import os
import threading
from pathlib import Path

from agent import clock
from agent.core.events import LogsShipped
from agent.logs.lines import MOST_BYTES
from agent.logs.parcel import Failed, Unit
from agent.logs.records import Style, read
from tests.pid1.pumping import KIB, MIB, Run, lines, write_all

from .spools import Filled
from .test_courier import GUARD_SECONDS, Sink, shipping


def through(folder: Path, text: bytes) -> tuple[bytes, bytes, dict[str, int]]:
    """Send text through the pump; return what came out, what was kept, and the counters."""
    reader, writer = os.pipe()
    run = Run(folder, writer)
    os.close(writer)
    got = bytearray()

    def drink() -> None:
        while piece := os.read(reader, MIB):
            got.extend(piece)

    drinker = threading.Thread(target=drink)
    drinker.start()
    write_all(run.game_out[1], text)
    counters = run.finish()
    drinker.join(GUARD_SECONDS)
    os.close(reader)
    return bytes(got), run.spooled("stdout"), counters


def test_moby_22502_reader_that_stalls_does_not_block_the_game(tmp_path: Path) -> None:
    """moby#22502, #45999: a log driver that blocks "may prevent the application from working"."""
    reader, writer = os.pipe()
    run = Run(tmp_path, writer)
    os.close(writer)
    text = lines(200_000)
    write_all(run.game_out[1], text)  # nobody reads: it would never come back
    os.set_blocking(reader, False)
    held = os.read(reader, 8 * MIB)
    assert len(held) < len(text)
    os.close(reader)
    for fd in (run.game_out[1], run.game_err[1], run.agent[1], run.hold[1]):
        os.close(fd)
    with os.fdopen(run.report[0]) as report:
        report.read()
    os.close(run.err[0])
    assert os.waitpid(run.pid, 0)[1] == 0
    (run.folder,) = tmp_path.iterdir()
    assert run.spooled("stdout") == text


def test_moby_ring_what_a_slow_reader_misses_is_counted_and_said(tmp_path: Path) -> None:
    """Docker's non-blocking ring drops the newest lines, without a counter (moby#45999)."""
    reader, writer = os.pipe()
    run = Run(tmp_path, writer, lag=MIB)
    os.close(writer)
    text = lines(150_000)
    write_all(run.game_out[1], text)
    got, said = bytearray(), bytearray()

    def drink(fd: int, into: bytearray) -> None:
        while piece := os.read(fd, MIB):
            into.extend(piece)

    err = os.dup(run.err[0])
    drinkers = [threading.Thread(target=drink, args=each) for each in ((reader, got), (err, said))]
    for each in drinkers:
        each.start()
    counters = run.finish()
    for each in drinkers:
        each.join(GUARD_SECONDS)
    os.close(reader)
    os.close(err)
    skipped = counters["stdout_skipped_bytes"]
    assert skipped > 0
    assert len(got) + skipped == len(text)
    assert text.endswith(bytes(got[-MIB // 4 :])), "the newest is what is kept"
    assert b"bytes of stdout left out: its reader is slow" in said
    assert run.spooled("stdout") == text


def test_gameye_line_without_an_end_stops_nothing(tmp_path: Path) -> None:
    """Gameye's shell: "token too long (this is a problem)"; then its game blocks for ever.

    GameLift's wrapper logs nothing any more after a line of 64 KiB; s6-log cuts at 8 KiB, Docker
    at 16 KiB; Fluent Bit gives up a file with a line of 32 KiB.
    """
    text = b"x" * (3 * MIB) + b"\nthe next\n" + b"no end"
    got, kept, counters = through(tmp_path, text)
    assert got == kept == text
    assert counters["stdout_skipped_bytes"] == 0


def test_gamelift_wrapper_lines_of_one_write_are_all_there(tmp_path: Path) -> None:
    """GameLift's wrapper scans once a write: of several lines all but the first lag behind."""
    reader, writer = os.pipe()
    run = Run(tmp_path, writer)
    os.close(writer)
    for text in (b"one\ntwo\nthree\n", b"half ", b"a line\n"):
        os.write(run.game_out[1], text)
        got = b""
        while len(got) < len(text):
            got += os.read(reader, KIB)
        assert got == text  # before anything else is written
    run.finish()
    os.close(reader)


async def test_fluent_bit_long_line_arrives_in_parts_that_say_so(tmp_path: Path) -> None:
    """Fluent Bit stops a file at 32 KiB without an end; Vector drops what is over 100 KiB."""
    filled, sink = Filled(tmp_path, 8 * MIB), Sink(unit=Unit.LINES)
    long = b"x" * (3 * MOST_BYTES + 7)
    filled.write(long + b"\nnext\n", seal=True)
    async with shipping(filled, sink) as (shipper, _, posted):
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0)
        assert await posted.wait() == LogsShipped(0)
    found = [record for parcel in sink.got for record in read(parcel, Style()).records]
    assert "".join(record.text for record in found[:-1]).encode() == long
    assert found[-1].text == "next"
    assert [record.is_cut for record in found] == [True, True, True, False, False]
    assert [record.continues for record in found] == [False, True, True, True, False]


async def test_fluent_bit_4355_another_request_does_not_begin_the_time_anew(
    tmp_path: Path,
) -> None:
    """fluent-bit PR#4355: the grace was renewed with every task, for ever."""
    filled, sink = Filled(tmp_path), Sink(*[Failed("503")] * 10_000)
    filled.write(b"one\n")
    async with shipping(filled, sink) as (shipper, _, posted):
        shipper.game_gone()
        until = clock.now() + 0.6
        shipper.finish(until)
        while clock.now() < until - 0.2:
            filled.write(b"more\n", seal=True)
            shipper.finish(until)
            await clock.wait(asyncio.Event(), 0.02)
        event = await posted.wait()
        assert clock.now() < until
    assert isinstance(event, LogsShipped)
    assert event.left > 0


async def test_fluent_bit_s3_exit_uploads_are_inside_the_limit(tmp_path: Path) -> None:
    """Its S3 output uploads in an exit callback, one after the other, after the grace."""
    filled = Filled(tmp_path)

    class Slow(Sink):
        async def deliver(self, *args: object, **more: object) -> Failed:
            del args, more
            await asyncio.Event().wait()
            raise AssertionError

    for _ in range(5):
        filled.write(b"a segment\n", seal=True)
    async with shipping(filled, Slow()) as (shipper, _, posted):
        shipper.game_gone()
        until = clock.now() + 0.5
        shipper.finish(until)
        assert await posted.wait() == LogsShipped(50)
        assert clock.now() < until
