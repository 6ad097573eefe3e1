"""What a parcel is called in a store."""

import re
import time
from collections.abc import Mapping

from .parcel import SESSION, Parcel

_NS = 1_000_000_000
_TROUBLE = re.compile(r"[^A-Za-z0-9._/-]|(?<![^/])\.")


def compose(parcel: Parcel, labels: Mapping[str, str], suffix: str = ".gz") -> str:
    """Return the object's name, ``yyyy/mm/dd/session/source-first-end.log`` with *suffix*."""
    return f"{identity(parcel, labels)}.log{suffix}"


def identity(parcel: Parcel, labels: Mapping[str, str]) -> str:
    """Return what names a parcel among all, the same at every attempt.

    First, end are offsets in the source, so that a listing shows what is missing; they name
    the very bytes: another stretch that began at the same place would have another name.

    Args:
        parcel: its first mark has the day, in UTC.
        labels: `SESSION` among them.
    """
    day = time.strftime("%Y/%m/%d", time.gmtime(parcel.marks[0][1] // _NS))
    # Without a label the time stands in: what two lives share would count as delivered.
    name = labels.get(SESSION, "") or f"unnamed-{parcel.marks[0][1]}"
    session = _escaped(name).replace("/", "=2F")
    source = _escaped(parcel.source.replace(":", "/", 1))
    end = parcel.start + len(parcel.data)
    return f"{day}/{session}/{source}-{parcel.start:014}-{end:014}"


def _escaped(name: str) -> str:
    """Return a name that every store, file system takes; different ones stay different."""
    return _TROUBLE.sub(
        lambda sign: "".join(f"={byte:02X}" for byte in sign[0].encode("utf-8", "surrogatepass")),
        name,
    )
