"""Plots of the figures as SVG: a line where something grows, bars for peers side by side."""

import math
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from .table import Row

WIDTH, BAR, LEFT, TOP, HEIGHT = 720, 26, 250, 34, 240
STYLE = "font:13px sans-serif;fill:#555"
COLOUR = "#2f6fb0"


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write one file a group of rows; return them."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.group:
            groups.setdefault(row.group, []).append(row)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, members in groups.items():
        path = folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.svg"
        line = all(row.x is not None for row in members)
        path.write_text(_line(name, members) if line else _bars(name, members), encoding="utf-8")
        drawn.append(path)
    return drawn


def _bars(name: str, rows: Sequence[Row]) -> str:
    most = max(row.median for row in rows) or 1.0
    parts = []
    for nth, row in enumerate(rows):
        y, width = TOP + nth * BAR, (WIDTH - LEFT - 110) * row.median / most
        who = row.what.removeprefix(f"{name}, ")
        parts += [
            _text(LEFT - 8, y + 15, who, "end"),
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 6}" fill="{COLOUR}"/>',
            _text(LEFT + width + 8, y + 15, f"{row.median:.3g} {row.unit}"),
        ]
    return _page(name, TOP + BAR * len(rows) + 10, parts)


def _line(name: str, rows: Sequence[Row]) -> str:
    """Put a number's logarithm on the one axis, the figure on the other."""
    most = max(row.median for row in rows) or 1.0
    across = [math.log10(1 + (row.x or 0.0)) for row in rows]
    span = max(across) - min(across) or 1.0
    points, parts = [], []
    for row, at in zip(rows, across, strict=True):
        x = 60 + (WIDTH - 140) * (at - min(across)) / span
        y = TOP + 20 + (HEIGHT - 40) * (1 - row.median / most)
        points.append(f"{x:.1f},{y:.1f}")
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOUR}"/>',
            _text(x, y - 9, f"{row.median:.3g} {row.unit}", "middle"),
            _text(x, TOP + HEIGHT + 16, f"{row.x:,.0f}", "middle"),
        ]
    path = f'<polyline points="{" ".join(points)}" fill="none" stroke="{COLOUR}"/>'
    return _page(name, TOP + HEIGHT + 30, [path, *parts])


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _page(name: str, height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}"'
        f' style="{STYLE}">'
    )
    title = f'<text x="8" y="20" font-weight="bold">{escape(name)}</text>'
    return "\n".join([head, title, *parts, "</svg>"]) + "\n"
