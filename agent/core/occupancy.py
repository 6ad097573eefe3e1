"""How long the container was used, as against how long it only ran."""

from dataclasses import dataclass, replace
from enum import Enum


class Use(Enum):
    """What a stretch of time was worth; unknown is not empty."""

    PLAYED = "played"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Occupancy:
    """The time up to the last turn, by use; nothing changes while the use stays the same.

    Attributes:
        use: what the time since the last turn counts as.
        since: when that was; None = the container's birth.
        seconds_played: with somebody there.
        seconds_empty: with nobody there, or no game.
        seconds_unknown: with a game, yet nobody who says how many are there.
        left_at: when the last player went.
    """

    use: Use = Use.UNKNOWN  # until the first agent hears of a game, nobody says
    since: float | None = None
    seconds_played: float = 0.0
    seconds_empty: float = 0.0
    seconds_unknown: float = 0.0
    left_at: float | None = None

    def until(self, now: float, born: float) -> "Occupancy":
        """Return the same with all time up to *now* counted."""
        since = born if self.since is None else self.since
        name = f"seconds_{self.use.value}"
        seconds = getattr(self, name) + max(0.0, now - since)
        return replace(self, since=now, **{name: seconds})

    def turned(self, use: Use, now: float, born: float) -> "Occupancy":
        """Return what it is once the time counts as *use*."""
        if use is self.use:
            return self
        left_at = now if self.use is Use.PLAYED else self.left_at
        return replace(self.until(now, born), use=use, left_at=left_at)


def use_of(present: bool | None, *, is_running: bool) -> Use:  # noqa: FBT001 - three-valued
    """Return what time is worth with players there or not; without a game nobody can be there.

    Args:
        present: whether somebody is there, None where nobody knows.
        is_running: whether there is a game.
    """
    if not is_running:
        return Use.EMPTY
    if present is None:
        return Use.UNKNOWN
    return Use.PLAYED if present else Use.EMPTY
