"""What an object in a store says of itself."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from .parcel import Parcel

MOST_BYTES = 1536  # S3 takes 2 KB of user metadata, the others more


def metadata(parcel: Parcel, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels as far as they have room, percent-encoded: headers are ASCII."""
    wanted = {"bytes": str(len(parcel.data)), "first-ns": str(parcel.marks[0][1])}
    wanted |= {"tail": "1"} if parcel.is_tail else {}
    wanted |= {re.sub(r"[^a-z0-9]+", "-", name.lower()): text for name, text in labels.items()}
    kept: dict[str, str] = {}
    room = MOST_BYTES
    for name, text in wanted.items():
        value = quote(text, safe="/:@ ,+=", errors="replace")
        room -= len(name) + len(value)
        if room < 0:
            break
        kept[name] = value
    return kept
