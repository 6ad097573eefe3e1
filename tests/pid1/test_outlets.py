"""What an output leaves out, where our own lines go in, what a fault of its reader costs."""

import errno
import os
import posix
from pathlib import Path
from typing import NoReturn

import pytest

from agent.pid1.outlets import Outlet
from agent.pid1.segments import Place
from agent.pid1.spool import Spool
from tests.pid1.pumping import KIB, MIB, Rig, lines, now


def test_an_output_too_far_behind_jumps_to_a_line_and_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lag=256 * KIB)
    sent = lines(50_000)
    rig.write(rig.game_out[1], sent)
    got = rig.read(rig.out[0])
    skipped = rig.pump.counters()["stdout_skipped_bytes"]
    assert len(got) + skipped == len(sent)
    assert skipped > len(sent) - 400 * KIB
    first = next(i for i, (a, b) in enumerate(zip(got, sent, strict=False)) if a != b)
    assert set(got.splitlines()) - set(sent.splitlines()) <= {
        got.splitlines()[got[:first].count(b"\n")]
    }
    assert sent.endswith(got[-128 * KIB + 100 :])
    marker = f"agent[pid1]: {skipped} bytes of stdout left out: its reader is slow\n"
    assert rig.read(rig.err[0]) == marker.encode()
    rig.close()


def test_a_slow_reader_gets_one_marker_for_each_gap(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lag=64 * KIB)
    for _ in range(3):
        rig.write(rig.game_out[1], lines(10_000))
        rig.read(rig.out[0])
    said = rig.read(rig.err[0]).splitlines()
    assert len(said) == 3
    total = sum(int(line.split()[1]) for line in said)
    assert total == rig.pump.counters()["stdout_skipped_bytes"]
    rig.close()


def test_segments_dropped_under_a_lagging_output_are_a_gap(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lag=64 * MIB, limit=512 * KIB)
    sent = lines(50_000)
    rig.write(rig.game_out[1], sent)
    got = rig.read(rig.out[0])
    assert len(got) + rig.pump.counters()["stdout_skipped_bytes"] == len(sent)
    assert sent.endswith(got[-200 * KIB :])
    assert b" bytes of stdout left out" in rig.read(rig.err[0])
    rig.close()


def test_our_own_line_waits_for_the_end_of_the_games(rig: Rig) -> None:
    os.write(rig.game_err[1], b"half of a")
    assert rig.read(rig.err[0]) == b"half of a"
    rig.pump.say(b"agent[pid1]: hello")
    assert rig.read(rig.err[0]) == b""
    os.write(rig.game_err[1], b" line\nand another\n")
    assert rig.read(rig.err[0]) == b" line\nand another\nagent[pid1]: hello\n"


def test_bytes_that_no_place_keeps_go_out_before_our_own_lines(rig: Rig) -> None:
    """Neither a file nor memory is to be had, and a line of ours waits already."""
    os.write(rig.game_err[1], b"half of a")
    assert rig.read(rig.err[0]) == b"half of a"
    rig.pump.say(b"agent[pid1]: hello")
    assert rig.read(rig.err[0]) == b""
    for place in rig.spool.places:
        place.retry_at = float("inf")
    os.write(rig.game_err[1], b" line\n")
    assert rig.read(rig.err[0]).startswith(b" line\n")


def test_a_partial_line_holds_ours_back_for_half_a_second(rig: Rig) -> None:
    os.write(rig.game_err[1], b"prompt> ")
    rig.read(rig.err[0])
    rig.pump.say(b"hello\n")
    before = now()
    assert rig.read(rig.err[0]) == b""
    rig.pump._turn()  # sleeps for as long as the pump means to
    assert now() - before >= 0.4
    assert rig.read(rig.err[0]) == b"\nhello\n"
    assert rig.pump._timeout() is None


def test_our_own_lines_come_between_lines_of_a_flood(rig: Rig) -> None:
    sent = lines(20_000)
    rig.write(rig.game_err[1], sent[: 300 * KIB])
    rig.pump.say(b"ours")
    rig.write(rig.game_err[1], sent[300 * KIB :])
    got = rig.read(rig.err[0])
    assert got.count(b"\nours\n") == 1
    assert got.replace(b"ours\n", b"") == sent


def test_a_flood_without_lines_lets_ours_in_after_the_wait(rig: Rig) -> None:
    rig.write(rig.game_err[1], bytes(MIB))
    rig.pump.say(b"ours")
    stderr = rig.pump._outlets[-1]
    got = bytearray()
    while not stderr._held_at:
        rig.settle()
        got += os.read(rig.err[0], MIB)
    stderr._held_at -= 1  # half a second later
    got += rig.read(rig.err[0])
    assert got.count(b"\nours\n") == 1
    assert got.replace(b"\nours\n", b"") == bytes(MIB)


def test_the_agents_output_goes_out_in_whole_lines(rig: Rig) -> None:
    os.write(rig.agent[1], b"Traceback (most")
    os.write(rig.game_err[1], b"the game\n")
    assert rig.read(rig.err[0]) == b"the game\n"
    os.write(rig.agent[1], b" recent call last):\n  File")
    assert rig.read(rig.err[0]) == b"Traceback (most recent call last):\n"


def test_the_agents_partial_line_is_ended_after_the_wait(rig: Rig) -> None:
    os.write(rig.agent[1], b"no newline")
    assert rig.read(rig.err[0]) == b""
    rig.pump._turn()
    assert rig.read(rig.err[0]) == b"no newline\n"
    os.write(rig.game_err[1], b"the game\n")
    assert rig.read(rig.err[0]) == b"the game\n"


def test_too_many_own_lines_are_counted(rig: Rig) -> None:
    for number in range(1500):
        rig.pump.say(b"%d" % number)
    assert rig.read(rig.err[0]) == b"".join(b"%d\n" % number for number in range(1000))
    assert rig.pump.counters()["unsaid_lines"] == 500


def test_lines_said_before_the_start_are_not_lost(rig: Rig) -> None:
    rig.pump.say(b"early")
    assert rig.read(rig.err[0]) == b"early\n"


def test_a_bell_that_rings_already_is_no_fault(rig: Rig) -> None:
    posix.eventfd_write(rig.pump._bell, 2**64 - 2)
    rig.pump.say(b"hello")
    assert rig.read(rig.err[0]) == b"hello\n"


def test_a_reader_that_leaves_costs_its_output_only(rig: Rig) -> None:
    rig.shut(rig.out[0])
    sent = lines(10_000)
    rig.write(rig.game_out[1], sent)
    os.write(rig.game_err[1], b"still here\n")
    assert rig.read(rig.err[0]) == b"still here\n"
    counters = rig.pump.counters()
    assert counters["stdout_in_bytes"] == counters["stdout_skipped_bytes"] == len(sent)
    assert counters["output_failures"] >= 1
    assert rig.pump._timeout() is None


def test_a_reader_that_leaves_while_the_output_is_full_is_noticed(rig: Rig) -> None:
    rig.write(rig.game_out[1], lines(10_000))
    assert rig.pump._waiting
    rig.shut(rig.out[0])
    rig.settle()
    assert not rig.pump._waiting
    assert rig.pump._timeout() is None


def test_an_output_on_a_full_disk_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(Place(str(tmp_path), MIB), MIB)
    stream = spool.stream("stdout")
    target = os.open(tmp_path / "out", os.O_CREAT | os.O_WRONLY)
    outlet = Outlet(target, stream, [], spool.stream("pid1"), MIB)
    real = outlet.writer.put

    def full(_: memoryview) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(outlet.writer, "put", full)
    stream.append(memoryview(b"one\n"))
    outlet.offer(stream, memoryview(b"one\n"))
    at = outlet.look_at
    assert 0.5 < at - now() <= 1
    outlet.push(now())
    assert outlet.look_at == at
    outlet.push(at)
    assert outlet.look_at == at + 1
    assert outlet.failures == 2
    assert not outlet.flushed
    monkeypatch.setattr(outlet.writer, "put", real)
    outlet.push(at + 1)
    assert outlet.flushed
    assert (tmp_path / "out").read_bytes() == b"one\n"
    os.close(target)


def test_a_long_backlog_leaves_the_pipes_their_turn(tmp_path: Path) -> None:
    spool = Spool(Place(str(tmp_path), 8 * MIB), MIB)
    stream = spool.stream("stdout")
    target = os.open(tmp_path / "out", os.O_CREAT | os.O_WRONLY)
    outlet = Outlet(target, stream, [], spool.stream("pid1"), 8 * MIB)
    stream.append(memoryview(lines(60_000)))
    pushes = 0
    while not outlet.flushed:
        outlet.push(float(pushes))
        assert outlet.look_at in {pushes, float("inf")}
        pushes += 1
    assert pushes > 2
    assert (tmp_path / "out").read_bytes() == lines(60_000)
    os.close(target)


def test_a_backlog_taken_away_from_outside_is_left_out(rig: Rig, tmp_path: Path) -> None:
    rig.write(rig.game_out[1], lines(50_000))
    rig.pump.seal()
    rig.settle()
    for path in tmp_path.glob("stdout-*.log"):
        path.unlink()
    os.write(rig.game_out[1], b"goes on\n")
    got = rig.read(rig.out[0])
    assert got.endswith(b"goes on\n")
    assert len(got) + rig.pump.counters()["stdout_skipped_bytes"] == len(lines(50_000)) + 8
    assert b"left out" in rig.read(rig.err[0])


def test_own_lines_taken_away_from_outside_are_left_out(rig: Rig, tmp_path: Path) -> None:
    rig.write(rig.game_err[1], lines(10_000))
    rig.pump.say(b"lost")
    rig.pump.seal()
    rig.settle()
    (tmp_path / "pid1-1.log").unlink()
    got = rig.read(rig.err[0])
    assert b"lost" not in got
    assert got.count(b"5 bytes of pid1 left out") == 1


def test_a_jump_in_a_flood_without_lines_lands_anywhere(tmp_path: Path) -> None:
    rig = Rig(tmp_path, lag=256 * KIB)
    rig.write(rig.game_out[1], bytes(MIB))
    assert len(rig.read(rig.out[0])) + rig.pump.counters()["stdout_skipped_bytes"] == MIB
    rig.close()
