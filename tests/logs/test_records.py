"""Lines become records, the same ones whenever they are made."""

from hypothesis import given
from hypothesis import strategies as st

from agent.logs.levels import Level
from agent.logs.lines import MOST_BYTES
from agent.logs.parcel import Parcel
from agent.logs.records import Reading, Record, Style, Tally, read

NOON = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
PLAIN = Style()


def parcel(*stretches: tuple[int, bytes], start: int = 0, continues: bool = False) -> Parcel:
    """Return a parcel of stretches, each written so many ns after noon."""
    marks, data = [], b""
    for after, piece in stretches:
        marks.append((start + len(data), NOON + after))
        data += piece
    return Parcel("stdout", start, data, tuple(marks), continues=continues)


def texts(reading: Reading) -> list[str]:
    return [record.text for record in reading.records]


def test_line_has_the_time_of_the_mark_before_it() -> None:
    reading = read(parcel((0, b"one\n"), (SECOND, b"two\nthree\n")), PLAIN)
    assert [record.at // SECOND - NOON // SECOND for record in reading.records] == [0, 1, 1]


def test_equal_lines_of_one_moment_have_times_of_their_own_in_order() -> None:
    """Loki takes two equal lines of one nanosecond for one."""
    times = [record.at for record in read(parcel((0, b"tick\n" * 1000)), PLAIN).records]
    assert sorted(set(times)) == times
    assert times[-1] - times[0] < SECOND / 100


def test_repeat_says_the_same_again() -> None:
    once = parcel((0, b"a\nb\n"), (SECOND, b"c\n" * 50), start=77)
    style = Style(preset="unity", most_lines=10)
    assert read(once, style) == read(once, style)


def test_parcel_without_bytes_has_no_records() -> None:
    assert read(Parcel("stdout", 9, b"", ()), PLAIN) == Reading([], Tally())


def test_parcel_without_marks_is_taken_anyway() -> None:
    assert texts(read(Parcel("stdout", 9, b"x\n", ()), PLAIN)) == ["x"]


def test_too_long_line_is_several_records_that_say_so() -> None:
    long = b"ERROR " + b"x" * MOST_BYTES
    reading = read(parcel((0, long + b"\nnext\n")), PLAIN)
    first, second, third = reading.records
    assert first.text + second.text == long.decode()
    assert (first.is_cut, first.continues) == (True, False)
    assert (second.is_cut, second.continues) == (False, True)
    assert (third.is_cut, third.continues) == (False, False)
    assert reading.tally.cut == 1


def test_rest_of_a_line_has_no_level_of_its_own() -> None:
    (record,) = read(parcel((0, b"ERROR is what it ends with\n"), continues=True), PLAIN).records
    assert (record.continues, record.level) == (True, Level.UNKNOWN)


def test_bytes_that_are_no_utf_8_are_replaced_and_counted() -> None:
    reading = read(parcel((0, b"caf\xe9\nna\xc3\xafve\n")), PLAIN)
    assert texts(reading) == ["caf�", "naïve"]
    assert reading.tally.replaced == 1


def test_colours_are_stripped() -> None:
    painted = (
        b"\x1b[1;31mERROR\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x1b\\ \x1bMdone\x1b]open end\n"
    )
    (record,) = read(parcel((0, painted)), PLAIN).records
    assert record.text == "ERROR link doneopen end"
    assert record.level is Level.ERROR


def test_colours_stay_where_they_are_wanted() -> None:
    assert texts(read(parcel((0, b"\x1b[1mbold\n")), Style(strip_ansi=False))) == ["\x1b[1mbold"]


def test_colours_hide_neither_level_nor_first_line() -> None:
    painted = parcel((0, b"\x1b[31mLogNet: Error: a\x1b[0m\n\x1b[32mLogNet: b\x1b[0m\n"))
    first, second = read(painted, Style(preset="unreal", strip_ansi=False)).records
    assert (first.level, second.level) == (Level.ERROR, Level.INFO)


def test_lines_over_the_rate_are_counted_in_a_line_of_their_own() -> None:
    flood = parcel((0, b"a\n" * 5), (SECOND, b"b\n" * 2), (2 * SECOND, b"c\n" * 4))
    reading = read(flood, Style(most_lines=3))
    told = "WARN {} lines suppressed: over 3 in this second"
    assert texts(reading) == [
        *["a"] * 3, told.format(2), *["b"] * 2, *["c"] * 3, told.format(1),
    ]  # fmt: skip
    assert reading.tally.suppressed == 3
    assert [record.level for record in reading.records if "suppressed" in record.text] == [
        Level.WARN,
        Level.WARN,
    ]


TRACE = b"""\
2024-01-31 12:00:00,000 ERROR com.studio.Game - tick failed
java.lang.IllegalStateException: no world
\tat com.studio.World.tick(World.java:7)
Caused by: java.io.IOException: disk
\t... 12 more
2024-01-31 12:00:00,001 INFO com.studio.Game - going on
"""


def test_stack_trace_is_one_record_with_the_line_that_it_belongs_to() -> None:
    reading = read(parcel((0, TRACE)), Style(preset="java"))
    first, second = reading.records
    assert first.text.endswith("... 12 more")
    assert (first.level, first.category) == (Level.ERROR, "com.studio.Game")
    assert second.text.endswith("going on")
    assert reading.tally.joined == 4


def test_line_that_comes_half_a_second_later_is_not_joined() -> None:
    late = parcel((0, b"ERROR: first\n"), (SECOND // 2 + 10_000_000, b"   at: later\n"))
    assert len(read(late, Style(preset="godot")).records) == 2


def test_record_never_grows_without_bounds() -> None:
    many = read(parcel((0, b"first\n" + b" x\n" * 1200)), Style(preset="java"))
    assert [text.count("\n") + 1 for text in texts(many)] == [500, 500, 201]
    heavy = read(
        parcel((0, b"first\n" + (b" " + b"x" * 65_000 + b"\n") * 9)), Style(preset="java")
    )
    assert all(len(text) <= 256 * 1024 for text in texts(heavy))


def test_rest_of_a_long_line_begins_a_record_that_others_may_join() -> None:
    long = b" " * (MOST_BYTES + 1)
    reading = read(parcel((0, b"first\n" + long + b"\n tail\n")), Style(preset="java"))
    assert [record.continues for record in reading.records] == [False, True]
    assert [record.is_cut for record in reading.records] == [True, False]
    assert texts(reading)[1] == " \n tail"


lines = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"") + b"\n"))


@given(lines, st.sampled_from(["plain", "unreal", "unity", "godot", "java", "python"]))
def test_no_line_is_lost_nor_doubled(given_lines: list[bytes], preset: str) -> None:
    data = b"".join(given_lines)
    reading = read(parcel((0, data)), Style(preset=preset, strip_ansi=False))
    joined = "\n".join(texts(reading))
    expected = [line[:-1].removesuffix(b"\r").decode(errors="replace") for line in given_lines]
    # An odd byte at a line's end is replaced there, whatever follows.
    assert joined == "\n".join(expected)


def test_tallies_add_up() -> None:
    tally = Tally(records=1, cut=2)
    tally.add(Tally(records=3, replaced=4))
    assert tally.counters() == {
        "records": 4, "cut": 2, "joined": 0, "replaced": 4, "suppressed": 0,
    }  # fmt: skip


def test_record_is_named_by_its_first_byte() -> None:
    first, second = read(parcel((0, b"one\ntwo\n"), start=1000), PLAIN).records
    assert isinstance(first, Record)
    assert (first.offset, second.offset) == (1000, 1004)
