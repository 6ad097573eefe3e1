"""Applying what a PATCH says."""

from typing import TypeVar

from msgspec import UNSET, Struct, structs

from .replies import stamp

D = TypeVar("D", bound=Struct)


def applied(thing: D, change: Struct) -> D:
    """Return *thing* with the fields that *change* sets."""
    fields = {name: value for name, value in structs.asdict(change).items() if value is not UNSET}
    return structs.replace(thing, **fields, last_updated=stamp())
