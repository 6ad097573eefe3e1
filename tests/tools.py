"""Tools that a test needs and a machine may lack."""

import os
import shutil
from pathlib import Path

import pytest

_ALLOWED = Path(__file__).with_name("allowed-skips.txt")


def need(tool: str, *, package: str = "", there: bool | None = None) -> str:
    """Return where a tool is; skip the test without it, or fail where REQUIRE_ALL is set.

    Args:
        tool: a program's name, or what else is needed.
        package: the Debian package that brings it, where its name is another.
        there: whether it is there, for what is no program on the PATH.
    """
    place = shutil.which(tool) or "" if there is None else tool * there
    if place:
        return place
    why = f"cannot run without {tool}: it is missing; install {package or tool}"
    if os.environ.get("REQUIRE_ALL") and tool not in _allowed():
        pytest.fail(f"{why}, or name it in {_ALLOWED.name} with the reason")
    pytest.skip(why)


def _allowed() -> set[str]:
    """Return the tools that even a complete run may lack: a line each, ``tool: reason``."""
    lines = _ALLOWED.read_text().splitlines()
    return {line.partition(":")[0].strip() for line in lines if line and line[0] != "#"}
