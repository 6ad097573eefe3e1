"""Outputs of every kind: byte for byte, without waiting for the reader."""

import errno
import hashlib
import os
import posix
import pty
import random
import select
import socket
import threading
import tty
from pathlib import Path
from typing import NoReturn

import pytest

from agent.pid1 import writers
from tests.pid1.pumping import KIB, MIB, Rig, Run, lines, refuse, write_all


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


def test_a_file_system_that_does_not_splice_is_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = posix.splice

    def splice(src: int, dst: int, count: int, **more: int) -> int:
        if "offset_src" in more:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(src, dst, count, **more)

    monkeypatch.setattr(posix, "splice", splice)
    rig.write(rig.game_out[1], lines(20_000))
    assert rig.read(rig.out[0]) == lines(20_000)
    assert not rig.pump._outlets[0].writer.splices


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
        out = writers.open_writer(fd)
        assert out.put(memoryview(bytes(1000))) == 1000
        assert not out.splices
        assert out.put_file(fd, 0, 1000) == 0
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
