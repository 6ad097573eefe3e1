"""A spool's segments as what sinks lack."""

from pathlib import Path

import pytest

from agent.core.shipping import Stretch
from agent.logs import checkpoint, leftovers, volume
from agent.logs.spoolreader import SpoolReader
from agent.logs.volume import Volume
from agent.pid1 import places

from .spools import LABELS, Filled

A, B = "s3://bucket/a", "https://host/b"


def lacking(it: Volume, sink: str = A, most: int = 1 << 20, *, whole: bool) -> list[Stretch]:
    return [stretch for stretch, _ in it.lacking(sink, most, whole=whole)]


def ranges(stretches: list[Stretch]) -> list[tuple[str, int, int]]:
    return [(each.source, each.start, each.end) for each in stretches]


def test_only_sealed_segments_are_objects(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"one\n", seal=True)
    filled.write(b"two\n")
    it = filled.volume(A)
    assert ranges(lacking(it, whole=True)) == [("stdout", 0, 4)]
    assert ranges(lacking(it, whole=False)) == [("stdout", 0, 4), ("stdout", 4, 8)]


def test_lines_go_when_they_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "_REST_SECONDS", float("inf"))
    filled = Filled(tmp_path)
    filled.write(b"one\ntw")
    it = filled.volume(A)
    assert ranges(lacking(it, whole=False)) == [("stdout", 0, 4)]
    filled.spool.seal()
    assert ranges(lacking(it, whole=False)) == [("stdout", 0, 6)]


def test_line_without_an_end_goes_once_nothing_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume, "_REST_SECONDS", 0.0)
    filled = Filled(tmp_path)
    filled.write(b"one\ntw")
    it = filled.volume(A)
    assert ranges(lacking(it, whole=False)) == [("stdout", 0, 6)]
    assert lacking(it, whole=True) == []
    it.checkpoint.note(A, "stdout", 0, 6)
    filled.write(b"o\n")
    ((stretch, piece),) = it.lacking(A, 99, whole=False)
    parcel = it.parcel(stretch, piece)
    assert parcel is not None
    assert (parcel.data, parcel.continues) == (b"o\n", True)


def test_line_longer_than_a_parcel_goes_in_parts(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"x" * 25 + b"\nab\ncd\n", seal=True)
    it = filled.volume(A)
    cuts = lacking(it, most=10, whole=True)
    assert ranges(cuts) == [("stdout", *pair) for pair in ((0, 10), (10, 20), (20, 29), (29, 32))]
    parcels = [it.parcel(stretch, piece) for stretch, piece in it.lacking(A, 10, whole=True)]
    assert [each.continues for each in parcels if each] == [False, True, True, False]
    assert b"".join(each.data for each in parcels if each) == b"x" * 25 + b"\nab\ncd\n"


def test_line_that_goes_over_two_segments_continues(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"half ", seal=True)
    filled.write(b"a line\n", seal=True)
    it = filled.volume(A)
    parcels = [it.parcel(*each) for each in it.lacking(A, 99, whole=True)]
    assert [each.continues for each in parcels if each] == [False, True]


def test_marks_are_the_same_for_every_successor(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"one\n", seal=True)
    ((stretch, piece),) = filled.volume(A).lacking(A, 99, whole=True)
    first = filled.volume(A).parcel(stretch, piece)
    again = volume.open_volume(filled.folder, {"other": "labels"}, 5, (A,))
    assert again.labels == LABELS
    assert again.parcel(stretch, piece) == first
    assert first
    assert first.marks == ((0, piece.born_ns + 10**18),)


def test_tail_is_told(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"one\n", seal=True)
    filled.write(b"two\n", seal=True)
    it = filled.volume(A)
    it.ends = {"stdout": 8}
    assert [each.is_tail for each in lacking(it, whole=True)] == [False, True]


def test_segment_that_goes_away_meanwhile_is_not_sent(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"one\n", seal=True)
    it = filled.volume(A)
    ((stretch, piece),) = it.lacking(A, 99, whole=True)
    filled.spool.discard()
    assert it.parcel(stretch, piece) is None
    assert it.reader.pieces() == []


def test_segment_is_let_go_when_all_sinks_have_it(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"one\n", seal=True)
    it = filled.volume(A, B)
    it.checkpoint.note(A, "stdout", 0, 4)
    assert it.delivered((A, B)) == []
    it.checkpoint.note(B, "stdout", 0, 4)
    assert [piece.seq for piece in it.delivered((A, B))] == [1]


def test_left_is_told_from_dropped(tmp_path: Path) -> None:
    filled = Filled(tmp_path, limit=600)
    for _ in range(10):
        filled.write(b"x" * 99 + b"\n", seal=True)
    it = filled.volume(A)
    it.checkpoint.note(A, "stdout", 0, 100)
    kept = sum(piece.size for piece in it.reader.pieces())
    assert 0 < kept < 900
    assert it.owed(A, {"stdout": 1000}) == (kept, 900 - kept)
    assert it.ends_seen() == {"stdout": 1000}


async def test_checkpoint_outlives_an_agent(tmp_path: Path) -> None:
    it = checkpoint.Checkpoint(tmp_path)
    it.note(A, "stdout", 0, 4)
    it.note(A, "stdout", 4, 8)
    await it.save()
    await it.save()
    known = checkpoint.Checkpoint(tmp_path).of(A)
    assert (known.size, known.objects, known.spans) == (8, 2, {"stdout": ((0, 8),)})


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"\xff"])
def test_checkpoint_that_cannot_be_read_counts_as_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / checkpoint.FILE).write_bytes(content)
    assert checkpoint.Checkpoint(tmp_path).of(A).size == 0


def test_file_that_cannot_be_replaced_is_no_fault(tmp_path: Path) -> None:
    assert not checkpoint.put(tmp_path / "missing" / "file", b"")


def test_reader_takes_no_file_for_a_segment_that_is_none(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"one\n")
    (filled.folder / "notes.log").write_text("no segment")
    (filled.folder / "stdout-9.log").write_text("its index is not there yet")
    assert [piece.seq for piece in SpoolReader(filled.folder).pieces()] == [1]
    assert SpoolReader(tmp_path / "missing").pieces() == []


def test_leftover_of_a_life_that_is_over_is_found(tmp_path: Path) -> None:
    old = Filled(tmp_path, name="arbitrium-agent-old")
    old.write(b"left\n")
    old.volume(A)
    now = Filled(tmp_path, name="arbitrium-agent-now")
    (found,) = leftovers.find(now.folder, (A,))
    assert ranges(lacking(found.volume, whole=True)) == [("stdout", 0, 5)]
    assert found.volume.age == 1
    assert leftovers.find(now.folder, (A,)) == []  # it is ours alone
    found.close()
    (found,) = leftovers.find(now.folder, (A,))
    found.remove()
    assert not old.folder.exists()


def test_spool_of_a_life_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    other = Filled(tmp_path, name="arbitrium-agent-other")
    other.volume(A)
    places.hold(str(other.folder))
    now = Filled(tmp_path, name="arbitrium-agent-now")
    assert leftovers.find(now.folder, (A,)) == []


def test_leftover_for_other_sinks_or_without_a_session_is_left_alone(tmp_path: Path) -> None:
    Filled(tmp_path, name="arbitrium-agent-1").volume(B)
    Filled(tmp_path, name="arbitrium-agent-2")
    (tmp_path / "arbitrium-agent-3").write_text("no folder")
    now = Filled(tmp_path, name="arbitrium-agent-now")
    assert leftovers.find(now.folder, (A,)) == []
