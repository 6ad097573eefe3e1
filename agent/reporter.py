"""The status line, the bill, the memory warning: what on-call reads without a shell."""

import logging
from collections.abc import Callable

from .core.effects import PresentBill
from .core.phases import Phase
from .core.snapshot import Status
from .core.statusline import fields
from .core.usage import Alarm, Usage

_LINE = "status"  # value of the field `line`, by which a collector finds these
_BILL = "bill"


class Reporter:
    """Writes them into the journal, each as one record of flat fields."""

    def __init__(self, *, look: Callable[[], Usage], journal: logging.Logger) -> None:
        """Write to *journal*; *look* takes the usage, and blocks for milliseconds."""
        self._look = look
        self._journal = journal
        self._last: Usage | None = None
        self._before: Usage | None = None
        self._alarm = Alarm()

    def tell(self, status: Status, news: str = "status") -> None:
        """Write the status line; *news* is what people read first."""
        usage = self._look()
        if self._last is None or usage.at > self._last.at:
            self._before, self._last = self._last, usage
        row = fields(status, usage, self._before)
        self._journal.info(news, extra={"line": _LINE, **row})
        self._alarm, warning = self._alarm.seen(usage.container)
        if warning:
            self._journal.warning(warning)

    def moved(self, before: Phase, status: Status) -> None:
        """Write the status line for a new phase."""
        self.tell(status, f"phase {before.value} → {status.phase.value}: {status.why}")

    def present(self, bill: PresentBill, boot: str) -> None:
        """Write the bill."""
        played, empty, unknown = (
            round(seconds / 60, 1)
            for seconds in (bill.seconds_played, bill.seconds_empty, bill.seconds_unknown)
        )
        row: dict[str, object] = {
            "line": _BILL,
            "boot": boot,
            "stop": bill.reason,
            "minutes_played": played,
            "minutes_empty": empty,
            "minutes_unknown": unknown,
            "leave_to_stop_seconds": _rounded(bill.leave_to_stop),
            "stop_to_exit_seconds": _rounded(bill.stop_to_exit),
        }
        told = {name: value for name, value in row.items() if value is not None}
        text = f"{played} min with players, {empty} min without, {unknown} min unknown"
        self._journal.info(text, extra=told)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
