"""What a full, read-only or emptied disk costs: a counted gap, nothing else."""

import os
import posix
import stat
import subprocess
from pathlib import Path

import pytest

from tests.pid1.spooling import KIB, entries, read_all, spool_in


def test_a_segment_taken_away_from_outside_is_skipped(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    stream = spool.stream("stdout")
    for text in (b"one\n", b"two\n", b"three\n"):
        stream.append(memoryview(text))
        spool.seal()
    (tmp_path / "stdout-2.log").unlink()
    assert read_all(stream) == b"one\nthree\n"


def test_the_active_segment_cut_from_outside_is_left_for_another(tmp_path: Path) -> None:
    stream = spool_in(tmp_path).stream("stdout")
    stream.append(memoryview(b"gone\n"))
    os.truncate(tmp_path / "stdout-1.log", 0)
    assert read_all(stream) == b""
    stream.append(memoryview(b"here\n"))
    assert read_all(stream) == b"here\n"
    assert (tmp_path / "stdout-2.log").read_bytes() == b"here\n"


def test_a_full_disk_is_a_marked_gap_and_recovers(tiny: Path) -> None:
    (tiny / "of somebody else").write_bytes(bytes(900 * KIB))
    spool = spool_in(tiny, limit=64 << 20)
    stream = spool.stream("stdout")
    line = b"a line of the game's\n" * 500
    sent = 0
    while not stream.gap:
        stream.append(memoryview(line))
        sent += 1
    assert spool.places[0].failures == 1
    for _ in range(20):  # the disk is left alone: no system call each time
        stream.append(memoryview(line))
    assert spool.places[0].failures == 1
    assert read_all(stream) == line * (sent + 20), "memory stands in for what is read back"
    (tiny / "of somebody else").unlink()
    spool.places[0].retry_at = 0
    assert stream.gap > 20 * len(line)
    stream.append(memoryview(b"back\n"))
    assert stream.gap == 0, "what memory took is moved to the disk"
    files = sorted(tiny.glob("*.log"), key=lambda file: int(file.stem.split("-")[1]))
    assert files[-1].read_bytes() == b"back\n"
    assert b"".join(file.read_bytes() for file in files) == line * (sent + 20) + b"back\n"
    bases = [entries(file.with_suffix(".idx"))[0][0] for file in files]
    sizes = [file.stat().st_size for file in files]
    assert bases == [sum(sizes[:number]) for number in range(len(files))]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files[:-1]} == {0o400}


def test_a_disk_that_stays_full_costs_no_descriptors_but_for_memory(tiny: Path) -> None:
    spool = spool_in(tiny, limit=64 << 20)
    stream = spool.stream("stdout")
    (tiny / "of somebody else").write_bytes(bytes(1020 * KIB))
    descriptors = []
    for _ in range(30):
        spool.places[0].retry_at = 0
        stream.append(memoryview(b"x" * 5000))
        descriptors.append(len(list(Path("/proc/self/fd").iterdir())))
    assert spool.places[0].failures >= 29
    assert max(descriptors) - descriptors[0] < len(stream.segments) <= 64
    assert stream.end - stream.gap <= 4096


def test_a_read_only_file_system_is_a_gap_too(tiny: Path) -> None:
    spool = spool_in(tiny)
    stream = spool.stream("stdout")
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    stream.append(memoryview(b"lost on disk\n"))
    assert stream.gap == len(b"lost on disk\n")
    assert read_all(stream) == b"lost on disk\n"
    subprocess.run(["mount", "-o", "remount,rw", str(tiny)], check=True)
    spool.places[0].retry_at = 0
    stream.append(memoryview(b"kept\n"))
    # Number 1 stood in from memory.
    assert (tiny / "stdout-2.log").read_bytes() == b"kept\n"


def test_faults_of_the_index_and_of_modes_do_not_stop_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(95, "Operation not supported")

    spool = spool_in(tmp_path)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"one\n"))
    assert stream.active is not None
    stream.active.indexed_at = 0
    os.close(stream.active.index)
    monkeypatch.setattr(posix, "fchmod", refuse)
    stream.append(memoryview(b"two\n"))
    spool.seal()
    assert read_all(stream) == b"one\ntwo\n"


def test_a_segment_without_room_for_its_index_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = posix.write

    def refuse(fd: int, data: bytes) -> int:
        if Path(f"/proc/self/fd/{fd}").readlink().suffix == ".idx":
            raise OSError(28, "No space left on device")
        return write(fd, data)

    spool = spool_in(tmp_path)
    monkeypatch.setattr(posix, "write", refuse)
    spool.stream("stdout").append(memoryview(b"one\n"))
    assert list(tmp_path.iterdir()) == []
    assert read_all(spool.stream("stdout")) == b"one\n"


def test_a_stream_that_nobody_takes_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(12, "no memory")

    spool = spool_in("")
    monkeypatch.setattr(posix, "memfd_create", refuse)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"lost\n"))
    assert (stream.end, stream.gap, stream.start) == (5, 5, 5)
    assert spool.counters()["spool_failures"] == 1
