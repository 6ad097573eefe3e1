"""The files in which reports of crashes are kept, the last three of them."""

import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from ..core.crash import CrashReport, HangFacts

LOG = logging.getLogger("agent.crash")

KEPT = 3

_T = TypeVar("_T")


class Reports:
    """A folder of reports; without one nothing is kept, and nothing fails."""

    def __init__(self, folder: str, boot: str) -> None:
        """Name the files after this life of the container: a volume may hold those of others."""
        self._folder = Path(folder) if folder else None
        self._boot = boot

    def keep(self, report: CrashReport) -> CrashReport:
        """Write a report, drop the oldest; return it with its path."""
        if self._folder is None:
            return report
        path = self._folder / f"{self._boot}-crash-{report.number:06d}.json"
        kept = replace(report, path=str(path))
        if not _write(path, kept):
            return report
        self._hang_path(self._folder).unlink(missing_ok=True)
        for old in _oldest_first(self._folder.glob("*-crash-*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return kept

    def latest(self) -> CrashReport | None:
        """Return the last report of this life of the container."""
        if self._folder is None:
            return None
        files = _oldest_first(self._folder.glob(f"{self._boot}-crash-*.json"))
        return _read(files[-1], CrashReport) if files else None

    def keep_hang(self, facts: HangFacts) -> None:
        """Write what a hanging game looks like, for the report to come."""
        if self._folder is not None:
            _write(self._hang_path(self._folder), facts)

    def hang(self) -> HangFacts | None:
        """Return what was written of it."""
        return None if self._folder is None else _read(self._hang_path(self._folder), HangFacts)

    def _hang_path(self, folder: Path) -> Path:
        return folder / f"{self._boot}-hang.json"


def _oldest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=_age)


def _age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:
        return 0.0, path.name


def _write(path: Path, facts: object) -> bool:
    """Write the file in one go, for our own eyes; return whether that was possible."""
    new = path.with_suffix(".new")
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(new, how, 0o600), "wb") as file:  # noqa: PTH123 - it follows no link
            file.write(msgspec.json.format(msgspec.json.encode(facts), indent=1))
        new.replace(path)
    except OSError as error:
        LOG.warning("cannot write %s: %s; set AGENT_CRASH_DIR to a writable folder", path, error)
        return False
    return True


def _read(path: Path, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None
