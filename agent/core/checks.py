"""What looks from outside have said of single conditions."""

from dataclasses import dataclass

FATAL = "log!:"
"""Begins a condition that a line of the output breaks at once, for good."""

MOST_FAILURES = 20
"""Failures in a row that are told apart; more of them say nothing new."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The last look at one condition.

    Attributes:
        holds: what it has shown.
        note: why it does not hold.
        failed: how many looks in a row have failed.
        failed_since: when the first of them was.
        is_busy: the game was at work all that time, so it may only be slow.
    """

    holds: bool
    note: str = ""
    failed: int = 0
    failed_since: float = 0.0
    is_busy: bool = False


def looked(
    before: Checked | None, now: float, *, holds: bool, note: str = "", is_busy: bool = False
) -> Checked:
    """Take the result of a look."""
    if holds:
        return Checked(holds=True)
    if before is None or not before.failed:
        return Checked(holds=False, note=note, failed=1, failed_since=now, is_busy=is_busy)
    return Checked(
        holds=False,
        note=note,
        failed=min(before.failed + 1, MOST_FAILURES),
        failed_since=before.failed_since,
        is_busy=before.is_busy and is_busy,
    )
