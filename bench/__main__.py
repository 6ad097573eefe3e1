"""``python -m bench``: everything in one run; ``--json``, ``--rounds N``, names of parts."""

import argparse
import importlib
import sys

from .table import Row, show

PARTS = ("foundation", "players", "health", "pump", "shipping", "faces", "fleet")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for a figure to quote")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found: list[Row] = []
    for name in chosen.part:
        print(f"measuring: {name}", file=sys.stderr)
        found += importlib.import_module(f"bench.{name}").rows(chosen.rounds)
    return show(found, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
