"""What the pump carries: every byte, in order, without ever waiting for a reader."""

import _thread
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import posix
import pty
import random
import select
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from agent.pid1 import writers
from agent.pid1.outlets import Outlet
from agent.pid1.pump import Coalescer, Pump, open_pipe
from agent.pid1.segments import Place
from agent.pid1.spool import Spool, Stream
from tests.waiting import until

KIB = 1024
MIB = 1024 * KIB
RELAY = str(Path(__file__).parents[1] / "games" / "relay.py")
DRAIN_SECONDS = 15.0


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def shrink(fd: int) -> None:
    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4 * KIB)


class Rig:
    """A pump without its thread, so that a test says when it turns; small pipes around it."""

    def __init__(self, folder: Path | str, *, lag: int = 0, limit: int = 8 * MIB) -> None:
        self.spool = Spool(Place(str(folder), limit), limit)
        self.game_out, self.game_err, self.agent = open_pipe(), open_pipe(), open_pipe()
        self.out, self.err = os.pipe(), os.pipe()
        pipes = (self.game_out, self.game_err, self.agent, self.out, self.err)
        self.ends = {fd for pipe in pipes for fd in pipe}
        for fd in (self.out[0], self.err[0]):
            shrink(fd)
            os.set_blocking(fd, False)
        self.pump = Pump(
            self.spool,
            [
                ("stdout", self.game_out[0], self.out[1]),
                ("stderr", self.game_err[0], self.err[1]),
                ("agent", self.agent[0], self.err[1]),
            ],
            lag=lag,
            coalesce_seconds=0,
        )

    def settle(self) -> None:
        """Let the pump turn until it would sleep."""
        while self.pump._poller.poll(0) or self.pump._timeout() == 0:
            self.pump._turn()

    def read(self, fd: int) -> bytes:
        """Read what is there, the pump going on meanwhile, until nothing more comes."""
        got = bytearray()
        while True:
            self.settle()
            try:
                got += os.read(fd, MIB)
            except BlockingIOError:
                return bytes(got)

    def write(self, fd: int, data: bytes) -> None:
        """Write all of it, the pump emptying the pipe meanwhile."""
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view[: 64 * KIB]) :]
            self.settle()

    def shut(self, *fds: int) -> None:
        """Close some of the ends early."""
        for fd in fds:
            os.close(fd)
            self.ends.remove(fd)

    def close(self) -> None:
        self.shut(*tuple(self.ends))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def lines(count: int) -> bytes:
    return b"".join(b"%07d the game says something\n" % number for number in range(count))


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


def test_a_bell_that_rings_already_is_no_fault(rig: Rig) -> None:
    posix.eventfd_write(rig.pump._bell, 2**64 - 2)
    rig.pump.say(b"hello")
    assert rig.read(rig.err[0]) == b"hello\n"


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


def test_a_pipe_closed_under_the_pump_is_taken_for_its_end(rig: Rig) -> None:
    rig.shut(rig.game_out[0])
    os.write(rig.game_err[1], b"goes on\n")
    assert rig.read(rig.err[0]) == b"goes on\n"


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


def test_an_output_whose_reader_left_counts_as_flushed(threaded: "Threaded") -> None:
    threaded.shut(threaded.out[0])
    write_all(threaded.game_out[1], lines(10_000))
    close_write_ends(threaded)
    before = now()
    threaded.pump.drain(before + DRAIN_SECONDS)
    assert now() - before < DRAIN_SECONDS / 2


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


# Outputs of every kind -------------------------------------------------------------------------


def refuse(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize("refused", [(), ("pwritev",), ("pwritev", "splice"), ("splice",)])
def test_every_way_to_a_pipe_is_byte_exact(
    refused: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in refused:
        monkeypatch.setattr(posix, name, refuse)
    rig = Rig(tmp_path)
    chance = random.Random(7)
    sent, got = bytearray(), bytearray()
    for _ in range(300):
        chunk = chance.randbytes(chance.choice((1, 7, 119, 4096, 9000, 70_000)))
        sent += chunk
        rig.write(rig.game_out[1], chunk)
        if chance.random() < 0.3:
            try:
                got += os.read(rig.out[0], chance.choice((100, 5000, MIB)))
            except BlockingIOError:
                continue
    assert got + rig.read(rig.out[0]) == sent
    assert rig.pump.counters()["output_failures"] == 0
    assert rig.pump.counters()["pump_errors"] == 0
    rig.close()


def test_splice_refused_midway_loses_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = lines(20_000)
    rig.write(rig.game_out[1], sent[: 400 * KIB])
    got = os.read(rig.out[0], MIB)
    monkeypatch.setattr(posix, "splice", refuse)
    rig.write(rig.game_out[1], sent[400 * KIB :])
    assert got + rig.read(rig.out[0]) == sent


@pytest.mark.parametrize("name", ["pwritev", "splice"])
def test_another_fault_of_the_pipe_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EIO, "Input/output error")

    reader, writer = os.pipe()
    out = writers.open_writer(writer)
    monkeypatch.setattr(posix, name, fault)
    with pytest.raises(OSError, match="Input/output"):
        out.put(memoryview(bytes(100 if name == "pwritev" else 64 * KIB)))
    for fd in (reader, writer):
        os.close(fd)


class Run:
    """The pump in a process of its own, as PID 1 runs it."""

    def __init__(self, folder: Path, out: int, *, limit: int = 256 * MIB, lag: int = 0) -> None:
        self.game_out, self.game_err, self.agent = open_pipe(), open_pipe(), open_pipe()
        self.err, self.hold, self.report = os.pipe(), os.pipe(), os.pipe()
        given = {
            1: out, 2: self.err[1], 3: self.game_out[0], 4: self.game_err[0], 5: self.agent[0],
            6: self.hold[0], 7: self.report[1],
        }  # fmt: skip
        actions = []
        # Two steps, since a number may be another one's source.
        above = {to: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for to, fd in given.items()}
        actions = [(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in above.items()]
        argv = [sys.executable, RELAY, str(folder), str(limit), str(lag)]
        self.pid = os.posix_spawn(sys.executable, argv, os.environ, file_actions=actions)
        for fd in [*above.values(), *(fd for to, fd in given.items() if to != 1)]:
            os.close(fd)

    def finish(self) -> dict[str, int]:
        """Let it drain and leave; return its counters."""
        for fd in (self.game_out[1], self.game_err[1], self.agent[1], self.hold[1]):
            os.close(fd)
        with os.fdopen(self.report[0]) as report:
            text = report.read()
        os.close(self.err[0])
        assert os.waitpid(self.pid, 0)[1] == 0
        counters = json.loads(text)
        self.folder = Path(counters.pop("folder"))
        assert counters["pump_errors"] == counters["output_failures"] == 0
        return dict(counters)

    def spooled(self, stream: str) -> bytes:
        found = self.folder.glob(f"{stream}-*.log")
        ordered = sorted(found, key=lambda path: int(path.stem.split("-")[1]))
        return b"".join(path.read_bytes() for path in ordered)


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def open_output(kind: str, tmp_path: Path) -> tuple[int, int]:
    if kind == "pipe":
        return os.pipe()
    if kind == "file":
        path = tmp_path / "output"
        writer = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        return os.open(path, os.O_RDONLY), writer
    if kind == "terminal":
        reader, writer = pty.openpty()
        tty.setraw(writer)
        return reader, writer
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


def read_with_stalls(fd: int, size: int, seed: int) -> bytes:
    """Read *size* bytes in random pieces; now and then let the output fill up."""
    chance = random.Random(seed)
    got = bytearray()
    while len(got) < size:
        if chance.random() < 0.01:
            select.select([], [], [], chance.random() / 10)  # the stall is what is tested
        piece = os.read(fd, chance.choice((1, 100, 4096, 65_536, MIB)))
        if not piece:
            break
        got += piece
    return bytes(got)


@pytest.mark.parametrize("kind", ["pipe", "socket", "file", "terminal"])
@pytest.mark.parametrize("seed", [1, 2])
def test_input_is_output_is_spool(kind: str, seed: int, tmp_path: Path) -> None:
    reader, writer = open_output(kind, tmp_path)
    run = Run(tmp_path, writer)
    chance = random.Random(seed)
    sizes = [chance.choice((1, 7, 119, 4096, 65_536, 300_000)) for _ in range(60)]
    data = chance.randbytes(sum(sizes))

    def play() -> None:
        at = 0
        for size in sizes:
            write_all(run.game_out[1], data[at : at + size])
            at += size

    game = threading.Thread(target=play)
    game.start()
    counters: dict[str, int] = {}
    if kind == "file":
        game.join()
        counters = run.finish()
    got = read_with_stalls(reader, len(data), seed)
    game.join()
    counters = counters or run.finish()
    sent = hashlib.sha256(data).hexdigest()
    assert hashlib.sha256(got).hexdigest() == sent
    assert hashlib.sha256(run.spooled("stdout")).hexdigest() == sent
    assert counters["stdout_in_bytes"] == counters["stdout_out_bytes"] == len(data)
    for fd in (reader, writer):
        os.close(fd)


@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
def test_the_game_writes_on_while_nobody_reads_its_output(kind: str, tmp_path: Path) -> None:
    reader, writer = open_output(kind, tmp_path)
    run = Run(tmp_path, writer)
    data = lines(100_000 if kind == "terminal" else 500_000)
    write_all(run.game_out[1], data)  # more than the pipe holds: would wait for ever
    write_all(run.game_err[1], data)
    got = read_with_stalls(reader, len(data), 1)
    assert read_with_stalls(run.err[0], len(data), 2) == data
    assert got == data
    counters = run.finish()
    assert run.spooled("stdout") == data
    assert counters["stdout_skipped_bytes"] == counters["stderr_skipped_bytes"] == 0
    for fd in (reader, writer):
        os.close(fd)


@pytest.mark.parametrize("kind", ["socket", "terminal"])
def test_a_full_output_takes_nothing_and_does_not_wait(kind: str, tmp_path: Path) -> None:
    reader, writer = open_output(kind, tmp_path)
    out = writers.open_writer(writer)
    assert os.get_blocking(writer)
    taken = 0
    while count := out.put(memoryview(b"x" * 1000)):
        taken += count
    assert out.flush()
    assert taken
    got = 0
    while got < taken:
        got += len(os.read(reader, MIB))
    assert out.put(memoryview(b"y")) == 1
    if isinstance(out, writers.SocketWriter):
        out._socket.close()
    for fd in (reader, writer):
        os.close(fd)


def test_files_and_devices_take_all(tmp_path: Path) -> None:
    for path in (tmp_path / "out", Path("/dev/null")):
        fd = os.open(path, os.O_CREAT | os.O_WRONLY)
        assert writers.open_writer(fd).put(memoryview(bytes(1000))) == 1000
        os.close(fd)


def test_a_terminal_without_a_name_here_is_written_to_as_it_is_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posix, "ttyname", refuse)
    monkeypatch.setattr(posix, "open", refuse)
    reader, writer = open_output("terminal", tmp_path)
    assert writers.open_writer(writer).fd == writer
    for fd in (reader, writer):
        os.close(fd)


# The thread --------------------------------------------------------------------------------------


class EndOfThreadError(BaseException):
    """Ends the pump's loop, which catches every Exception."""


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


def start_thread(function: Callable[[], None], arguments: tuple[()]) -> None:
    def run() -> None:
        with contextlib.suppress(EndOfThreadError):
            function(*arguments)

    threading.Thread(target=run).start()


class Threaded(Rig):
    """A rig whose pump has its thread; it is ended with the rig."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        # The same thread by another door, through which coverage can follow.
        monkeypatch.setattr(_thread, "start_new_thread", start_thread)
        self.ended = _thread.allocate_lock()
        self.ended.acquire()
        self.end = False
        self.turn = self.pump._turn
        self.pump._turn = self.turn_or_end  # type: ignore[method-assign] # the way out
        self.pump.start()

    def turn_or_end(self) -> None:
        if self.end:
            self.ended.release()
            raise EndOfThreadError
        self.turn()

    def close(self) -> None:
        self.end = True
        self.pump.say(b"")
        assert self.ended.acquire(timeout=20)
        super().close()


@pytest.fixture
def threaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Threaded]:
    rig = Threaded(tmp_path, monkeypatch)
    yield rig
    rig.close()


def close_write_ends(rig: Rig) -> None:
    rig.shut(rig.game_out[1], rig.game_err[1], rig.agent[1])


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


def test_lines_said_before_the_start_are_not_lost(rig: Rig) -> None:
    rig.pump.say(b"early")
    assert rig.read(rig.err[0]) == b"early\n"


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
    for number in range(149):
        coalescer.after(100, number * 0.000_01)
    assert not coalescer._on
    coalescer.after(100, 0.002)
    assert coalescer._on
    coalescer.after(60_000, 0.002)  # a large read says nothing
    for _ in range(4):
        coalescer.after(100, 0.003)
    coalescer.after(5000, 0.003)
    assert coalescer._on
    for _ in range(5):
        coalescer.after(100, 0.004)
    assert not coalescer._on


def test_small_reads_at_an_ordinary_rate_are_not() -> None:
    coalescer = Coalescer(1000)
    for number in range(1000):
        coalescer.after(100, number * 0.000_1)  # 10,000 a second
    assert not coalescer._on
    never = Coalescer(0)
    for _ in range(1000):
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
        "_stat", "agent", "agent.pid1", "agent.pid1.outlets", "agent.pid1.places",
        "agent.pid1.pump", "agent.pid1.segments", "agent.pid1.spool", "agent.pid1.writers",
        "errno", "fcntl", "select",
    ]  # fmt: skip
