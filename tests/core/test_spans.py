"""Stretches of a stream, compared with plain sets of bytes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from agent.core import spans

PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)))


def made(pairs: list[tuple[int, int]]) -> tuple[spans.Spans, set[int]]:
    whole: spans.Spans = ()
    model: set[int] = set()
    for start, end in pairs:
        whole = spans.add(whole, start, end)
        model |= set(range(start, end))
    return whole, model


@given(PAIRS)
def test_spans_hold_what_was_added(pairs: list[tuple[int, int]]) -> None:
    whole, model = made(pairs)
    assert {at for start, end in whole for at in range(start, end)} == model
    assert spans.size(whole) == len(model)
    assert list(whole) == sorted(whole)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(whole))


@given(PAIRS, st.integers(0, 30), st.integers(0, 30))
def test_missing_is_what_is_not_there(pairs: list[tuple[int, int]], start: int, end: int) -> None:
    whole, model = made(pairs)
    gaps = spans.missing(whole, start, end)
    assert {at for first, last in gaps for at in range(first, last)} == (
        set(range(start, end)) - model
    )
