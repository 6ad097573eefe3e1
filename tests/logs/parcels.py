"""Parcels as the tests of the sinks send them."""

from agent.logs.parcel import SESSION, Parcel

NOON = 1_764_072_000_000_000_000  # 2025-11-25T12:00:00Z
LABELS = {SESSION: "23c01225b99d-7f3a", "location": "Montréal"}


def parcel(
    data: bytes = b"one\ntwo\n", source: str = "stdout", start: int = 0, *, is_tail: bool = False
) -> Parcel:
    """Return a parcel whose first byte was written at noon."""
    return Parcel(source, start, data, ((start, NOON),), is_tail=is_tail)
