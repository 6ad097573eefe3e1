"""Letting coverage.py see into processes that get an environment of their own."""

import os


def measured() -> dict[str, str | None]:
    """Return what a child's environment needs for that; nothing in an ordinary run."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
