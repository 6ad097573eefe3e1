"""The same agent for another uid: an interpreter that everybody may read."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from .inside import ROOT


def install(folder: Path) -> Path:
    """Put the agent, an interpreter, its packages under *folder*; return the entrypoint.

    The interpreter of the tests may lie in a home that is closed to others; then a system
    Python of the same version takes its place, with the same packages.
    """
    packages = sysconfig.get_path("purelib")
    version = f"python3.{sys.version_info.minor}"
    candidates = [Path(sys.executable).resolve(), Path("/usr/bin") / version]
    python = next((each for each in candidates if _is_open(each)), None)
    assert python, f"no {version} that another uid may run: install Debian's"
    shutil.copytree(ROOT / "agent", folder / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "entrypoint.sh", folder / "entrypoint.sh")
    subprocess.run(
        [python, "-m", "venv", "--without-pip", str(folder)], check=True, capture_output=True
    )
    own = next(folder.glob("lib/python3*/site-packages"))
    (own / "tests.pth").write_text(packages + "\n")
    subprocess.run(
        [folder / "bin/python3", "-m", "compileall", "-q", str(folder / "agent")], check=True
    )
    return folder / "entrypoint.sh"


def _is_open(python: Path) -> bool:
    return python.exists() and all(
        part.stat().st_mode & 0o001 for part in (python, *python.parents)
    )
