"""A ring forgets, and says how much."""

from agent.local.page.ring import Ring


def test_what_is_forgotten_is_counted_for_each_reader() -> None:
    ring = Ring[int](3)
    for item in range(5):
        ring.add(item)
    assert ring.end == 5
    assert ring.since(0) == ([2, 3, 4], 2)
    assert ring.since(4) == ([4], 0)
    assert ring.since(5) == ([], 0)
