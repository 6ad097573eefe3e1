"""Bytes become the same lines, however they come."""

from hypothesis import given
from hypothesis import strategies as st

from agent.logs.lines import MOST_BYTES, Line, Splitter

MOST = 8

text = st.lists(
    st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"\r", "é".encode(), "💥".encode(), b"\xff"]),
    max_size=60,
).map(b"".join)


def split(*pieces: bytes, continues: bool = False, most_bytes: int = MOST) -> list[Line]:
    splitter = Splitter(100, continues=continues, most_bytes=most_bytes)
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return lines + splitter.finish()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted(min(place, len(data)) for place in places)
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(text, st.lists(st.integers(0, 120), max_size=20))
def test_any_split_of_the_bytes_gives_the_same_lines(data: bytes, places: list[int]) -> None:
    assert split(*cut(data, places)) == split(data)


@given(data=text, continues=st.booleans())
def test_every_byte_is_in_one_line_at_its_offset(data: bytes, *, continues: bool) -> None:
    lines = split(data, continues=continues)
    at = 100
    for line in lines:
        assert line.offset == at
        assert data[at - 100 :].startswith(line.data)
        at += len(line.data)
        if not line.is_cut:
            rest = data[at - 100 :]
            at += rest.startswith(b"\r\n") * 2 or rest.startswith(b"\n")
    assert at == 100 + len(data)


@given(text)
def test_lines_are_what_python_thinks_they_are(data: bytes) -> None:
    whole = [line.removesuffix(b"\r") for line in data.split(b"\n")[:-1]]
    last = data.split(b"\n")[-1]
    assert [line.data for line in split(data, most_bytes=1000)] == whole + [last] * bool(last)


@given(text)
def test_no_line_is_longer_than_the_limit(data: bytes) -> None:
    assert all(len(line.data) <= MOST for line in split(data))


@given(st.text(st.sampled_from("aé€💥"), max_size=60))
def test_cutting_a_long_line_leaves_its_characters_whole(line: str) -> None:
    parts = split(line.encode())
    assert "".join(part.data.decode() for part in parts) == line
    assert [part.is_cut for part in parts] == [True] * (len(parts) - 1) + [False] * bool(parts)
    assert [part.continues for part in parts] == [False] * bool(parts) + [True] * (len(parts) - 1)


def test_line_of_exactly_the_limit_is_whole_with_either_end_of_line() -> None:
    assert split(b"x" * MOST + b"\n") == [Line(100, b"x" * MOST)]
    assert split(b"x" * MOST + b"\r\n") == [Line(100, b"x" * MOST)]
    assert split(b"x" * MOST) == [Line(100, b"x" * MOST)]


def test_vector_dropped_and_fluent_bit_stopped_at_a_long_line_but_nothing_of_it_is_lost() -> None:
    """Vector drops what is over 100 KiB, Fluent Bit stops the file, bufio.Scanner for good."""
    long = b"x" * (5 * MOST_BYTES + 7)
    lines = split(b"before\n" + long + b"\nafter\n", most_bytes=MOST_BYTES)
    assert lines[0].data == b"before"
    assert b"".join(line.data for line in lines[1:-1]) == long
    assert [line.is_cut for line in lines] == [False, *[True] * 5, False, False]
    assert lines[-1] == Line(100 + 7 + len(long) + 1, b"after")


def test_gamelift_wrapper_logged_one_line_a_write_but_several_in_one_come_at_once() -> None:
    """Its scanner is asked once per write, so lines lag, a partial line is taken for a line."""
    splitter = Splitter()
    assert [line.data for line in splitter.feed(b"one\ntwo\nthr")] == [b"one", b"two"]
    assert [line.data for line in splitter.feed(b"ee\n")] == [b"three"]
    assert splitter.finish() == []


def test_last_line_without_its_end_comes_when_all_is_over() -> None:
    splitter = Splitter()
    assert splitter.feed(b"last words") == []
    assert splitter.finish() == [Line(0, b"last words")]
    assert splitter.finish() == []


def test_what_goes_on_with_a_line_says_so() -> None:
    first, second = split(b"end\nnext\n", continues=True)
    assert (first.continues, second.continues) == (True, False)
