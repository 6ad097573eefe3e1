"""One table for all measurements: medians with their spread, ratios, bounds."""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        what: what was measured, in words.
        unit: of the values.
        values: one a round.
        bound: what it may be at most, None where nothing is promised.
        floor: what it must be at least, None where nothing is promised.
        group: the plot that it belongs to, if any.
        x: what the figure grows with there; None among peers.
    """

    what: str
    unit: str
    values: Sequence[float] = field(default_factory=list)
    bound: float | None = None
    floor: float | None = None
    group: str = ""
    x: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def holds(self) -> bool:
        above = self.bound is None or self.median <= self.bound
        return above and (self.floor is None or self.median >= self.floor)


def show(rows: Sequence[Row], *, as_json: bool) -> int:
    """Print the rows; return 1 where a bound is broken."""
    print(as_json_text(rows) if as_json else as_markdown(rows))
    broken = [row.what for row in rows if not row.holds]
    if broken:
        print(f"broken: {', '.join(broken)}", file=sys.stderr)
    return bool(broken)


def as_json_text(rows: Sequence[Row]) -> str:
    """Return the rows as JSON, with every value."""
    return json.dumps([{**asdict(row), "median": row.median} for row in rows], indent=1)


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the rows as one table."""
    lines = ["| figure | median | min | max | bound |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        limit = "" if row.bound is None else f"≤ {row.bound:g}"
        limit = limit if row.floor is None else f"≥ {row.floor:g}"
        mark = "" if row.holds else " **broken**"
        lines.append(
            f"| {row.what} | {row.median:.3g} {row.unit} | {min(row.values):.3g} "
            f"| {max(row.values):.3g} | {limit}{mark} |"
        )
    return "\n".join(lines)
