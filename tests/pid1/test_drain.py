"""How the pump ends: all that was written is out, or the deadline is there."""

import _thread
import os
import select
import threading

import pytest

from tests.pid1.pumping import (
    DRAIN_SECONDS,
    KIB,
    MIB,
    Threaded,
    close_write_ends,
    lines,
    now,
    write_all,
)


def test_an_output_whose_reader_left_counts_as_flushed(threaded: "Threaded") -> None:
    threaded.shut(threaded.out[0])
    write_all(threaded.game_out[1], lines(10_000))
    close_write_ends(threaded)
    before = now()
    threaded.pump.drain(before + DRAIN_SECONDS)
    assert now() - before < DRAIN_SECONDS / 2


def test_drain_ends_when_the_pipes_end_and_all_is_out(threaded: Threaded) -> None:
    os.write(threaded.game_out[1], b"last words, without a newline")
    os.write(threaded.game_err[1], b"and here")
    threaded.pump.say(b"agent[pid1]: the game is gone")
    close_write_ends(threaded)
    before = now()
    threaded.pump.drain(before + DRAIN_SECONDS)
    assert now() - before < DRAIN_SECONDS / 2
    assert os.read(threaded.out[0], KIB) == b"last words, without a newline"
    said = os.read(threaded.err[0], KIB)
    assert said in {
        b"and here\nagent[pid1]: the game is gone\n",
        b"agent[pid1]: the game is gone\nand here",
    }


def test_drain_reads_megabytes_written_just_before_the_end(threaded: Threaded) -> None:
    data = lines(30_000)
    got = bytearray()

    def read() -> None:
        while len(got) < len(data):
            select.select([threaded.out[0]], [], [])
            got.extend(os.read(threaded.out[0], MIB))

    reader = threading.Thread(target=read)
    reader.start()
    write_all(threaded.game_out[1], data)
    close_write_ends(threaded)
    threaded.pump.drain(now() + DRAIN_SECONDS)
    assert threaded.pump.counters()["stdout_out_bytes"] == len(data)
    reader.join()
    assert got == data


def test_drain_does_not_wait_for_a_grandchild_that_holds_the_pipe(threaded: Threaded) -> None:
    before = now()
    os.write(threaded.game_out[1], b"last words\n")
    threaded.pump.drain(before + DRAIN_SECONDS)
    assert 0.2 <= now() - before < DRAIN_SECONDS / 2
    assert os.read(threaded.out[0], KIB) == b"last words\n"


def test_drain_waits_for_a_stalled_reader_to_the_deadline_only(threaded: Threaded) -> None:
    write_all(threaded.game_out[1], lines(10_000))
    close_write_ends(threaded)
    before = now()
    threaded.pump.drain(before + 0.4)
    assert 0.4 <= now() - before < 5
    assert threaded.pump.counters()["stdout_out_bytes"] < 200 * KIB
    threaded.pump.drain(now() - 1)  # a deadline in the past is no wait at all


def test_drain_may_be_repeated_with_more_to_say(threaded: Threaded) -> None:
    close_write_ends(threaded)
    for number in range(20):
        threaded.pump.say(b"line %d" % number)
        threaded.pump.drain(now() + DRAIN_SECONDS)
        assert os.read(threaded.err[0], KIB) == b"line %d\n" % number


def test_a_fault_while_draining_does_not_cost_the_time_left(
    threaded: Threaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, faults = threaded.pump._check_drained, [RuntimeError("one")]

    def check(draining: _thread.LockType, at: float, *, silent: bool) -> None:
        if faults:
            raise faults.pop()
        real(draining, at, silent=silent)

    monkeypatch.setattr(threaded.pump, "_check_drained", check)
    close_write_ends(threaded)
    before = now()
    threaded.pump.drain(before + DRAIN_SECONDS)
    assert now() - before < DRAIN_SECONDS / 2
    assert threaded.pump.counters()["pump_errors"] == 1
