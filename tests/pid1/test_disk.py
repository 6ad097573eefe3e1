"""A disk that hangs: the game and its output go on, the spool catches up."""

import _thread
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.pid1.disk import Disk, GuardedDisk
from agent.pid1.spool import open_spool
from tests.pid1.disks import Freezer
from tests.pid1.pumping import KIB, MIB, Run, lines, write_all
from tests.pid1.spooling import read_all
from tests.waiting import until

TIMEOUT = 30.0


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same threads by another door, through which coverage can follow."""

    def start(function: Callable[[], None], arguments: tuple[()]) -> None:
        threading.Thread(target=function, args=arguments, daemon=True).start()

    monkeypatch.setattr(_thread, "start_new_thread", start)


def nothing(_: object) -> None:
    pass


def read_on(fd: int, wanted: bytes) -> None:
    """Read what is to come, no more."""
    got = bytearray()
    while len(got) < len(wanted):
        got += os.read(fd, min(MIB, len(wanted) - len(got)))
    assert got == wanted


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("disk", [Disk(), GuardedDisk(TIMEOUT)])
def test_disk_that_answers_gives_its_answer_or_its_fault(disk: Disk) -> None:
    def refuse() -> None:
        raise OSError(errno.ENOSPC, "full")

    assert disk.call(lambda: 7, nothing) == 7
    with pytest.raises(OSError, match="full"):
        disk.call(refuse, nothing)
    with pytest.raises(ZeroDivisionError):
        disk.call(lambda: 1 // 0, nothing)
    done: list[int] = []
    disk.leave(lambda: done.append(1))
    disk.leave(refuse)
    assert disk.call(lambda: done, nothing) == [1]
    assert not disk.hangs


@pytest.mark.usefixtures("threads")
def test_what_hung_is_taken_back_then_what_waited_is_done() -> None:
    disk = GuardedDisk(0.001)
    gate, done, order = threading.Event(), threading.Event(), list[str]()

    def hang() -> str:
        gate.wait(TIMEOUT)
        return "late"

    with pytest.raises(OSError, match="hangs") as caught:
        disk.call(hang, order.append)
    assert caught.value.errno == errno.ETIMEDOUT
    with pytest.raises(OSError, match="hangs"):
        disk.call(lambda: order.append("refused"), nothing)
    disk.leave(lambda: order.append("sealed"))
    disk.leave(done.set)
    assert (disk.hangs, disk.stalls, order) == (True, 1, [])
    gate.set()
    assert done.wait(TIMEOUT)
    assert order == ["late", "sealed"]
    until(lambda: not disk.hangs)
    disk.patience = TIMEOUT
    assert disk.call(lambda: 8, nothing) == 8


@pytest.mark.usefixtures("threads")
def test_fault_that_comes_late_is_nobodys() -> None:
    disk = GuardedDisk(0.001)
    gate = threading.Event()

    def fail() -> None:
        gate.wait(TIMEOUT)
        raise OSError(errno.EIO, "gone")

    with pytest.raises(OSError, match="hangs"):
        disk.call(fail, lambda _: pytest.fail("nothing came of it"))
    gate.set()
    until(lambda: not disk.hangs)


def test_game_and_stdout_go_on_while_the_disk_hangs(freezer: Freezer) -> None:
    reader, writer = os.pipe()
    run = Run(freezer.place, writer)
    os.close(writer)
    text = lines(150_000)
    first, during, after = text[: 100 * KIB], text[100 * KIB : 3 * MIB], text[3 * MIB :]
    write_all(run.game_out[1], first)
    read_on(reader, first)
    freezer.freeze()
    # Three times what the pipe holds: this comes to an end only because somebody reads on.
    sender = threading.Thread(target=write_all, args=(run.game_out[1], during))
    sender.start()
    read_on(reader, during)
    sender.join(TIMEOUT)
    freezer.thaw()
    sender = threading.Thread(target=write_all, args=(run.game_out[1], after))
    sender.start()
    read_on(reader, after)
    sender.join(TIMEOUT)
    counters = run.finish()
    os.close(reader)
    assert counters["spool_stalls"] > 0
    assert counters["spool_dropped_bytes"] == counters["stdout_skipped_bytes"] == 0
    # Memory stood in. What it took is moved to the disk with the next segment there.
    assert counters["spool_gap_bytes"] + len(run.spooled("stdout")) == len(text)
    assert text.startswith(run.spooled("stdout")[: 100 * KIB])


@pytest.mark.usefixtures("threads")
def test_lines_that_memory_took_move_to_the_disk_with_their_times(freezer: Freezer) -> None:
    spool = open_spool(str(freezer.place), 8 * MIB)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"before\n"))
    freezer.freeze()
    stream.append(memoryview(b"hung\n"))
    stream.append(memoryview(b"more\n"))
    spool.seal()
    assert stream.gap == len(b"hung\nmore\n")
    assert stream.read(0, memoryview(bytearray(100))) == 0, "it would have to wait"
    freezer.thaw()
    until(lambda: not spool.places[0].disk.hangs)
    spool.places[0].retry_at = 0
    stream.append(memoryview(b"after\n"))
    assert stream.gap == 0
    assert read_all(stream) == b"before\nhung\nmore\nafter\n"
    files = sorted(Path(spool.folder).glob("stdout-*.log"))
    assert [file.read_bytes() for file in files] == [b"before\n", b"hung\nmore\n", b"after\n"]
    assert not list(Path(spool.folder).glob("*.new"))
    assert spool.counters()["spool_bytes"] == sum(
        file.stat().st_size for file in Path(spool.folder).iterdir()
    )
    spool.discard()


@pytest.mark.usefixtures("threads")
def test_spool_on_a_disk_that_hangs_at_the_start_is_in_memory(
    freezer: Freezer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.pid1.spool._OPENING_SECONDS", 0.001)
    freezer.freeze()
    spool = open_spool(str(freezer.place), 8 * MIB)
    assert "the disk for the spool hangs" in spool.notices
    stream = spool.stream("stdout")
    stream.append(memoryview(b"kept\n"))
    assert read_all(stream) == b"kept\n"
    freezer.thaw()
