"""Letting coverage.py see into processes that get an environment, or an interpreter, of their own.

PID 1 runs with ``-S``, where nothing of site-packages is there, and ends by ``_exit``. While
coverage is being taken, the entrypoint finds a stand-in for its interpreter that starts
``tests/measured_start.py`` instead; in an ordinary run nothing here changes anything.
"""

import functools
import os
import shlex
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def measured() -> dict[str, str | None]:
    """Return what a child's environment needs for that; nothing in an ordinary run."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


def is_on() -> bool:
    """Return whether coverage is being taken."""
    return bool(measured())


def stand_in(folder: Path) -> None:
    """Put the interpreter that an entrypoint.sh in *folder* finds first, while measuring."""
    if not is_on():
        return
    start = shlex.join([sys.executable, "-I", str(ROOT / "tests" / "measured_start.py")])
    real = shlex.quote(sys.executable)  # may lie in a home that is closed to another uid
    python = folder / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\n[ -x {real} ] && exec {start} "$@"\nexec python3 "$@"\n')
    python.chmod(0o755)


@functools.cache
def entrypoint() -> str:
    """Return the entrypoint to start: the repository's, or while measuring a copy of it."""
    if not is_on():
        return str(ROOT / "entrypoint.sh")
    folder = Path(tempfile.mkdtemp(prefix="measured-"))
    folder.chmod(0o755)
    (folder / "agent").symlink_to(ROOT / "agent")
    copy = folder / "entrypoint.sh"
    copy.write_bytes((ROOT / "entrypoint.sh").read_bytes())
    copy.chmod(0o755)
    stand_in(folder)
    return str(copy)
