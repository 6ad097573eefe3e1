"""What the pump carries: every byte, in order, asleep while there is none."""

import fcntl
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from agent.pid1.coalesce import Coalescer
from agent.pid1.pump import Pump, open_pipe
from agent.pid1.segments import Place
from agent.pid1.spool import Spool
from agent.pid1.streams import Stream
from tests.pid1.pumping import (
    KIB,
    MIB,
    RELAY,
    EndOfThreadError,
    Rig,
    Threaded,
    lines,
    refuse,
    write_all,
)
from tests.waiting import until


def test_both_streams_come_out_byte_for_byte(rig: Rig) -> None:
    os.write(rig.game_out[1], b"one\n\xff\x00tw")
    os.write(rig.game_err[1], b"three\n")
    os.write(rig.game_out[1], b"o\n")
    assert rig.read(rig.out[0]) == b"one\n\xff\x00two\n"
    assert rig.read(rig.err[0]) == b"three\n"
    counters = rig.pump.counters()
    assert counters["stdout_in_bytes"] == counters["stdout_out_bytes"] == 10
    assert counters["stderr_out_bytes"] == 6


def test_a_full_output_leaves_the_rest_in_the_spool(rig: Rig) -> None:
    sent = lines(50_000)
    rig.write(rig.game_out[1], sent)
    assert rig.pump.counters()["stdout_in_bytes"] == len(sent)
    assert rig.pump.counters()["stdout_out_bytes"] < 200 * KIB
    assert rig.read(rig.out[0]) == sent
    assert rig.pump.counters()["stdout_skipped_bytes"] == 0


def test_the_pump_sleeps_until_something_happens(rig: Rig) -> None:
    rig.write(rig.game_out[1], lines(50_000))
    rig.write(rig.game_err[1], b"partial")
    rig.settle()
    assert rig.pump._timeout() is None
    rig.read(rig.out[0])
    assert rig.pump._timeout() is None


def test_blocking_mode_of_inherited_descriptors_is_left_alone(rig: Rig) -> None:
    rig.write(rig.game_out[1], lines(10_000))
    rig.read(rig.out[0])
    assert os.get_blocking(rig.out[1])
    assert os.get_blocking(rig.err[1])


def test_seal_and_release_reach_the_spool(rig: Rig, tmp_path: Path) -> None:
    os.write(rig.game_out[1], b"one\n")
    rig.read(rig.out[0])
    rig.pump.seal("stdout")
    rig.settle()
    os.write(rig.game_out[1], b"two\n")
    rig.read(rig.out[0])
    rig.pump.release("stdout", 1)
    rig.settle()
    assert [p.name for p in tmp_path.glob("*.log")] == ["stdout-2.log"]


def test_old_segments_are_sealed_without_more_output(tmp_path: Path) -> None:
    spool = Spool(Place(str(tmp_path), MIB), MIB, seal_seconds=0.05)
    reader, writer = open_pipe()
    pump = Pump(spool, [("stdout", reader, 999)])
    assert pump._timeout() is None
    os.write(writer, b"one\n")
    pump._turn()
    assert spool.stream("stdout").active
    pump._turn()  # sleeps until the segment is old enough
    assert pump._timeout() is None
    assert not spool.stream("stdout").active
    for fd in (reader, writer):
        os.close(fd)


def test_a_pipe_closed_under_the_pump_is_taken_for_its_end(rig: Rig) -> None:
    rig.shut(rig.game_out[0])
    os.write(rig.game_err[1], b"goes on\n")
    assert rig.read(rig.err[0]) == b"goes on\n"


def test_a_closed_output_is_no_fault(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    reader, writer = open_pipe()
    pump = Pump(rig.spool, [("stdout", reader, 999)], lag=0)
    os.write(writer, b"kept\n")
    pump._turn()
    assert (tmp_path / "stdout-1.log").read_bytes() == b"kept\n"
    for fd in (reader, writer):
        os.close(fd)
    rig.close()


def test_a_fault_in_the_pump_is_counted_and_it_goes_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, faults = Stream.append, [RuntimeError("one"), RuntimeError("two")]

    def append(stream: Stream, view: memoryview) -> None:
        if faults:
            raise faults.pop()
        real(stream, view)

    monkeypatch.setattr(Stream, "append", append)
    turns = []
    turn = rig.pump._turn

    def count() -> None:
        turns.append(1)
        if len(turns) > 3:
            raise EndOfThreadError
        if turns:
            os.write(rig.game_out[1], b"%d\n" % len(turns))
        turn()

    monkeypatch.setattr(rig.pump, "_turn", count)
    with pytest.raises(EndOfThreadError):
        rig.pump._run()
    assert rig.pump.counters()["pump_errors"] == 2
    assert os.read(rig.out[0], 100) == b"3\n"


def test_the_thread_makes_no_wakeups_while_nothing_happens(threaded: Threaded) -> None:
    os.write(threaded.game_out[1], b"one\n")
    until(lambda: threaded.pump.counters()["stdout_out_bytes"])
    turns = []
    turn = threaded.turn

    def count() -> None:
        turns.append(1)
        turn()

    threaded.turn = count
    os.write(threaded.game_out[1], b"two\n")
    until(lambda: threaded.pump.counters()["stdout_out_bytes"] == 8)
    select.select([], [], [], 0.7)  # nothing happens, for longer than any timer that is not set
    assert len(turns) <= 2


def test_small_reads_at_a_high_rate_are_gathered() -> None:
    coalescer = Coalescer(0.000_001)
    for number in range(1499):
        coalescer.after(100, number * 0.000_01)
    assert not coalescer._on
    coalescer.after(100, 0.02)
    assert coalescer._on
    coalescer.after(60_000, 0.02)  # a large read says nothing
    for _ in range(4):
        coalescer.after(100, 0.03)
    coalescer.after(5000, 0.03)
    assert coalescer._on
    for _ in range(5):
        coalescer.after(100, 0.04)
    assert not coalescer._on


def test_small_reads_at_an_ordinary_rate_are_not() -> None:
    coalescer = Coalescer(1000)
    for number in range(5000):
        coalescer.after(100, number * 0.000_1)  # 10,000 a second
    assert not coalescer._on
    never = Coalescer(0)
    for _ in range(5000):
        never.after(100, 0)
    assert not never._on


def test_pipes_are_a_mebibyte_where_allowed() -> None:
    reader, writer = open_pipe()
    assert fcntl.fcntl(reader, fcntl.F_GETPIPE_SZ) == MIB
    assert not os.get_inheritable(reader)
    assert not os.get_inheritable(writer)
    for fd in (reader, writer):
        os.close(fd)


def test_pipes_stay_small_where_the_user_has_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "fcntl", refuse)
    reader, writer = open_pipe()
    write_all(writer, b"works")
    assert os.read(reader, 10) == b"works"
    for fd in (reader, writer):
        os.close(fd)


def test_only_light_modules_are_imported_before_the_game_starts() -> None:
    script = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1]); "
        "import agent.pid1.pump; print(*sorted(set(sys.modules) - before))"
    )
    root = str(Path(RELAY).parents[2])
    command = [sys.executable, "-I", "-S", "-c", script, root]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    assert answer.stdout.split() == [
        "_stat", "agent", "agent.pid1", "agent.pid1.coalesce", "agent.pid1.disk",
        "agent.pid1.outlets", "agent.pid1.places", "agent.pid1.pump", "agent.pid1.segmentfiles",
        "agent.pid1.segments", "agent.pid1.spool", "agent.pid1.streams", "agent.pid1.writers",
        "errno", "fcntl", "select",
    ]  # fmt: skip
