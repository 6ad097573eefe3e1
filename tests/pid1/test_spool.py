"""What the spool keeps, what it drops, and where it lives."""

import os
import posix
import stat
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.pid1 import places
from agent.pid1.segments import ENTRY_BYTES, Place, Segment
from agent.pid1.spool import Spool, Stream, open_spool

KIB = 1024


def spool_in(folder: Path | str, limit: int = 1 << 20, spare: int = 1 << 20) -> Spool:
    return Spool(Place(str(folder), limit), spare)


def read_all(stream: Stream, offset: int = 0) -> bytes:
    """Read as an output does: what can be read, from *offset* to the end."""
    out = bytearray()
    view = memoryview(bytearray(4096))
    while offset < stream.end:
        offset = stream.next_readable(offset)
        count = stream.read(offset, view)
        out += view[:count]
        offset += count
    return bytes(out)


def entries(path: Path) -> list[tuple[int, int]]:
    return list(struct.iter_unpack("<QQ", path.read_bytes()))


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Mount 1 MiB of tmpfs."""
    place = tmp_path / "tiny"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=64", "none", str(place)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a file system of one's own needs root with CAP_SYS_ADMIN")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_segments_hold_the_bytes_as_they_came(tmp_path: Path) -> None:
    stream = spool_in(tmp_path).stream("stdout")
    stream.append(memoryview(b"one\ntwo"))
    stream.append(memoryview(b"\n"))
    assert (tmp_path / "stdout-1.log").read_bytes() == b"one\ntwo\n"
    assert read_all(stream) == b"one\ntwo\n"


def test_index_tells_offset_and_boot_time(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    stream = spool.stream("stdout")
    before = now()
    stream.append(memoryview(b"first\n"))
    spool.seal()
    stream.append(memoryview(b"second\n"))
    after = now()
    [(base, first)] = entries(tmp_path / "stdout-1.idx")
    [(next_base, second)] = entries(tmp_path / "stdout-2.idx")
    assert (base, next_base) == (0, len(b"first\n"))
    assert before - 0.001 <= first / 1e9 <= second / 1e9 <= after + 0.001
    assert struct.calcsize("<QQ") == ENTRY_BYTES


def test_a_sealed_segment_is_read_only_and_never_grows(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.stream("stdout").append(memoryview(b"a\n"))
    spool.stream("stderr").append(memoryview(b"b\n"))
    spool.seal("stdout")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("*.log")}
    assert modes == {"stdout-1.log": 0o400, "stderr-1.log": 0o600}
    spool.stream("stdout").append(memoryview(b"c\n"))
    assert (tmp_path / "stdout-1.log").read_bytes() == b"a\n"
    assert (tmp_path / "stdout-2.log").read_bytes() == b"c\n"


def test_segments_end_with_a_line_where_lines_are_short(tmp_path: Path) -> None:
    stream = spool_in(tmp_path, limit=80 * KIB).stream("stdout")
    for number in range(2000):
        stream.append(memoryview(b"line %d, in " % number))
        stream.append(memoryview(b"two halves\n"))
    sealed = stream.segments[:-1]
    assert len(sealed) >= 3
    assert all(Path(s.path + ".log").read_bytes().endswith(b"\n") for s in sealed)


def test_a_segment_grows_old(tmp_path: Path) -> None:
    spool = Spool(Place(str(tmp_path), 1 << 20), 1 << 20, seal_seconds=30)
    assert spool.seal_old(now()) == float("inf")
    stream = spool.stream("stdout")
    stream.append(memoryview(b"a\n"))
    born = stream.segments[0].born
    assert spool.seal_old(born + 29) == born + 30
    assert stream.active is not None
    spool.seal_old(born + 30)
    assert stream.active is None


def test_the_bound_holds_and_the_oldest_goes_first(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, limit=64 * KIB)
    stdout, stderr = spool.stream("stdout"), spool.stream("stderr")
    whole = bytearray()
    for number in range(500):
        chunk = (b"%06d " % number) * 100 + b"\n"
        whole += chunk
        stdout.append(memoryview(chunk))
        stderr.append(memoryview(b"now and then\n"))
        on_disk = sum(p.stat().st_size for p in tmp_path.iterdir())
        assert on_disk == spool.counters()["spool_bytes"] <= 64 * KIB
    assert read_all(stdout) == bytes(whole)[stdout.start :]
    assert stdout.start > 0
    dropped = spool.counters()["spool_dropped_bytes"]
    assert dropped == stdout.start + stderr.start


def test_a_released_segment_goes_when_its_output_has_passed(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"shipped\n"))
    spool.seal()
    spool.release("stdout", 1)
    assert (tmp_path / "stdout-1.log").exists()
    stream.cursor = stream.end
    spool.collect()
    assert list(tmp_path.iterdir()) == []
    assert spool.counters()["spool_bytes"] == spool.counters()["spool_dropped_bytes"] == 0


def test_released_segments_are_dropped_before_others(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, limit=64 * KIB)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"x" * 4096))
    spool.seal()
    stream.append(memoryview(b"y" * 4096))
    spool.seal()
    spool.release("stdout", 2)
    spool.make_room(spool.places[0], 59 * KIB)
    assert sorted(p.name for p in tmp_path.glob("*.log")) == ["stdout-1.log"]
    assert spool.counters()["spool_dropped_bytes"] == 0


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
    hole = stream.end
    stream.append(memoryview(b"back\n"))
    files = sorted(tiny.glob("*.log"))
    assert files[-1].read_bytes() == b"back\n"
    assert entries(files[-1].with_suffix(".idx"))[0][0] == hole
    kept = sum(f.stat().st_size for f in files)
    assert kept + stream.gap == stream.end == spool.counters()["spool_gap_bytes"] + kept


def test_a_disk_that_stays_full_costs_no_descriptors(tiny: Path) -> None:
    spool = spool_in(tiny, limit=64 << 20)
    stream = spool.stream("stdout")
    (tiny / "of somebody else").write_bytes(bytes(1020 * KIB))
    descriptors = []
    for _ in range(30):
        spool.places[0].retry_at = 0
        stream.append(memoryview(b"x" * 5000))
        descriptors.append(len(list(Path("/proc/self/fd").iterdir())))
    assert spool.places[0].failures >= 29
    assert max(descriptors) == descriptors[2]
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
    monkeypatch.setattr(Segment, "tell", refuse)
    monkeypatch.setattr(posix, "fchmod", refuse)
    stream.append(memoryview(b"two\n"))
    spool.seal()
    assert read_all(stream) == b"one\ntwo\n"


def test_a_segment_without_room_for_its_index_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    spool = spool_in(tmp_path)
    monkeypatch.setattr(Segment, "tell", refuse)
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


def test_memory_is_a_ring(tmp_path: Path) -> None:
    spool = spool_in("", limit=64 * KIB)
    stream = spool.stream("stdout")
    for number in range(100):
        stream.append(memoryview((b"%d" % (number % 10)) * 4096))
    assert spool.counters()["spool_bytes"] <= 64 * KIB
    assert stream.end - stream.start > 32 * KIB
    assert set(read_all(stream)[-4096:]) == {ord("9")}
    assert stream.gap == 0
    spool.discard()
    assert list(tmp_path.iterdir()) == []


def test_memory_holds_few_descriptors() -> None:
    spool = spool_in("")
    stream = spool.stream("stdout")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(500):
        stream.append(memoryview(b"short\n"))
        spool.seal()
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= 65


def test_a_piece_larger_than_the_bound_keeps_its_end() -> None:
    spool = spool_in("", limit=8 * KIB)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"a" * 20_000 + b"z" * 100))
    assert read_all(stream).endswith(b"z" * 100)
    assert spool.counters()["spool_bytes"] <= 8 * KIB


def test_a_segment_that_is_being_read_may_be_dropped() -> None:
    spool = spool_in("", limit=64 * KIB)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"x" * 8 * KIB))
    view = memoryview(bytearray(100))
    assert stream.read(0, view) == 100
    spool.seal()
    spool.make_room(spool.places[0], 60 * KIB)
    assert stream.read(100, view) == 0
    assert stream.next_readable(100) == stream.start == stream.end
    assert not spool.make_room(spool.places[0], 65 * KIB)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from(["stdout", "stderr"]),
                  st.binary(min_size=1, max_size=3000)),
        st.tuples(st.just("seal"), st.sampled_from(["", "stdout"]), st.just(b"")),
        st.tuples(st.just("release"), st.sampled_from(["stdout", "stderr"]), st.just(b"")),
        st.tuples(st.just("pass"), st.sampled_from(["stdout", "stderr"]), st.just(b"")),
        st.tuples(st.just("fail"), st.just(""), st.just(b"")),
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(OPERATIONS, st.sampled_from([4 * KIB, 16 * KIB, 1 << 20]))
def test_whatever_happens_what_can_be_read_is_what_came(
    operations: list[tuple[str, str, bytes]], limit: int
) -> None:
    folder, _ = places.make_folder("")
    spool = spool_in(folder, limit, spare=limit)
    model = {"stdout": bytearray(), "stderr": bytearray()}
    try:
        for what, name, data in operations:
            stream = spool.stream(name or "stdout")
            if what == "append":
                stream.append(memoryview(data))
                model[name] += data
            elif what == "seal":
                spool.seal(name)
            elif what == "pass":
                stream.cursor = stream.end
                spool.collect()
            elif what == "release" and stream.segments and stream.segments[0] is not stream.active:
                spool.release(name, stream.segments[0].seq)
            elif what == "fail":
                spool.places[0].retry_at = now() + 0.001
            for name_, kept in model.items():
                check(spool.stream(name_), bytes(kept))
            assert all(place.total <= place.limit for place in spool.places)
            assert all(place.total >= 0 for place in spool.places)
    finally:
        spool.discard()


def check(stream: Stream, came: bytes) -> None:
    assert stream.end == len(came)
    offset, view = 0, memoryview(bytearray(1000))
    while (offset := stream.next_readable(offset)) < stream.end:
        count = stream.read(offset, view)
        assert count
        assert view[:count] == came[offset : offset + count]
        offset += count


def test_the_folder_is_our_own_and_goes_with_us(tmp_path: Path) -> None:
    spool = open_spool(str(tmp_path / "a" / "b"), 1 << 20)
    folder = Path(spool.folder)
    assert folder.parent == tmp_path / "a" / "b"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    spool.stream("stdout").append(memoryview(b"x\n"))
    spool.discard()
    assert not folder.exists()
    spool.discard()  # twice does no harm


def test_two_boots_never_share_a_folder(tmp_path: Path) -> None:
    assert open_spool(str(tmp_path), 1).folder != open_spool(str(tmp_path), 1).folder


def test_a_refused_place_is_told_and_another_taken(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spool = open_spool(str(tmp_path / "file"), 1 << 20)
    assert spool.folder.startswith("/var/tmp/arbitrium-agent-")
    [notice] = spool.notices
    assert notice == (
        f"cannot keep the spool in {tmp_path}/file: Not a directory; "
        "set AGENT_SPOOL_DIR to a folder that we may write to"
    )
    spool.discard()


def test_without_any_folder_memory_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(posix, "mkdir", refuse)
    spool = open_spool("", 64 << 20)
    assert spool.folder == ""
    assert spool.places[0].limit <= 16 << 20
    assert spool.notices == ["no folder is writable: the spool is kept in memory"]


def test_the_temporary_folder_comes_before_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = posix.mkdir

    def refuse(path: str, mode: int) -> None:
        if path.startswith("/var/tmp"):
            raise OSError(30, "Read-only file system")
        real(path, mode)

    monkeypatch.setattr(posix, "mkdir", refuse)
    monkeypatch.setitem(posix.environ, b"TMPDIR", os.fsencode(tmp_path))
    folder, notices = places.make_folder("")
    assert Path(folder).parent == tmp_path
    assert notices == []


def test_memory_backed_places_get_a_small_share(tiny: Path) -> None:
    assert places.is_memory(str(tiny))
    assert not places.is_memory(str(tiny / "missing"))
    assert places.bound(str(tiny), 64 << 20) == places.memory_bound() <= 16 << 20


def test_a_disk_gives_at_most_half_of_what_is_free(tmp_path: Path) -> None:
    if places.is_memory(str(tmp_path)):
        pytest.skip("the temporary folder lies in memory")
    disk = os.statvfs(tmp_path)
    assert places.bound(str(tmp_path), 1 << 20) == 1 << 20
    assert places.bound(str(tmp_path), 1 << 60) <= disk.f_blocks * disk.f_frsize // 2
    assert places.bound(str(tmp_path / "missing"), 123) == 123


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"/proc/self/cgroup": "0::/mine\n", "/sys/fs/cgroup/mine/memory.max": "1000"}, 1000),
        ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "2000\n"}, 2000),
        ({"/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000\n"}, 3000),
        ({"/sys/fs/cgroup/memory.max": "max\n"}, None),
    ],
)
def test_memory_limit_is_the_containers(
    files: dict[str, str], limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_read", lambda path: files.get(path, ""))
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert places.memory_limit() == (limit or machine)
    assert places.memory_bound() >= 256 * KIB
