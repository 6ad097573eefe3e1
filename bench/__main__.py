"""``python -m bench``: everything in one run; ``--quick``, ``--json``, names of parts.

``--out FOLDER`` leaves ``figures.md``, ``figures.json`` and a plot of each group of figures.
"""

import argparse
import importlib
import sys
from pathlib import Path

from . import plot
from .table import Row, as_json_text, as_markdown, show

PARTS = (
    "foundation",
    "players",
    "health",
    "pump",
    "shipping",
    "faces",
    "fleet",
    "peers",
    "small",
    "growth",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for a figure to quote")
    parser.add_argument("--quick", action="store_true", help="one round: a look, not a figure")
    parser.add_argument("--out", type=Path, help="a folder for Markdown, JSON, plots")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rounds = 1 if chosen.quick else chosen.rounds
    found: list[Row] = []
    for name in chosen.part:
        print(f"measuring: {name}", file=sys.stderr)
        found += importlib.import_module(f"bench.{name}").rows(rounds)
    if chosen.out:
        plot.draw(found, chosen.out)
        (chosen.out / "figures.json").write_text(as_json_text(found), encoding="utf-8")
        (chosen.out / "figures.md").write_text(as_markdown(found) + "\n", encoding="utf-8")
    return show(found, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
