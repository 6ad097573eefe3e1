"""Stretches of a stream: ordered, apart from each other, their ends exclusive."""

Spans = tuple[tuple[int, int], ...]


def add(spans: Spans, start: int, end: int) -> Spans:
    """Return the stretches with one more, joined to those that it touches."""
    if start >= end:
        return spans
    before = tuple(span for span in spans if span[1] < start)
    after = tuple(span for span in spans if span[0] > end)
    touched = spans[len(before) : len(spans) - len(after)]
    if touched:
        start, end = min(start, touched[0][0]), max(end, touched[-1][1])
    return (*before, (start, end), *after)


def missing(spans: Spans, start: int, end: int) -> Spans:
    """Return what of ``start`` to ``end`` is in none of the stretches."""
    gaps = []
    for first, last in spans:
        if first >= end:
            break
        if first > start:
            gaps.append((start, first))
        start = max(start, last)
    return (*gaps, (start, end)) if start < end else tuple(gaps)


def size(spans: Spans) -> int:
    """Return how many bytes they hold together."""
    return sum(end - start for start, end in spans)
