"""What the spool keeps, what it drops."""

import stat
import struct
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.pid1 import places
from agent.pid1.segments import ENTRY_BYTES, Place
from agent.pid1.spool import Spool
from agent.pid1.streams import Stream
from tests.pid1.spooling import KIB, entries, now, read_all, spool_in

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


def test_many_streams_share_one_bound(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, limit=64 * KIB)
    for _ in range(20):
        for number in range(8):
            spool.stream(f"s{number}").append(memoryview(b"never a line's end" * 100))
            assert spool.counters()["spool_bytes"] <= 64 * KIB


def test_a_bound_too_small_for_anything_is_a_place_that_failed(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, limit=8)
    stream = spool.stream("stdout")
    stream.append(memoryview(b"one\n"))
    assert read_all(stream) == b"one\n"
    assert (stream.gap, spool.counters()["spool_failures"]) == (4, 1)


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
