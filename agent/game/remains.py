"""The files that engines and the kernel leave when a game dies."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..core.crash import Find

MOST_FINDS = 32
_MOST_LOOKED_AT = 4096  # entries a pattern; a look stays below a tenth of a second
_SLACK_SECONDS = 2.0  # file systems round the times of their files
_CORE = re.compile(r"%.")

_BESIDE_THE_GAME = (
    ("unreal", "Saved/Crashes/*"),
    ("unreal", "*/Saved/Crashes/*"),
    ("java", "hs_err_pid*.log"),
    ("minidump", "*.dmp"),
    ("core", "core"),
    ("core", "core.[0-9]*"),
)
_AT_HOME = (
    ("unreal", ".config/Epic/*/Saved/Crashes/*"),
    ("unity", ".config/unity3d/*/*/Crashes/*"),
    ("godot", ".local/share/godot/app_userdata/*/crash*"),
)
_TEMPORARY = (
    ("unity", "*/*/Crashes/*"),
    ("java", "hs_err_pid*.log"),
    ("minidump", "dumps/*.dmp"),
    ("minidump", "*.dmp"),
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a game may leave something; an empty path is not known.

    Attributes:
        folder: where it was started.
        path: its program.
        home: its user's home.
    """

    folder: str = ""
    path: str = ""
    home: str = ""


def find(
    places: Places,
    since: float,
    pattern: str = "",
    temporary: Path = Path("/tmp"),  # noqa: S108 - where engines write, not we
) -> tuple[Find, ...]:
    """Return what was left since a time, the newest kind of evidence first by its place.

    Args:
        places: where to look.
        since: wall-clock seconds; what is older belongs to another life.
        pattern: the kernel's ``core_pattern``.
        temporary: the folder of that name.
    """
    found: dict[str, Find] = {}
    for kind, path in _candidates(places, pattern, temporary):
        if len(found) >= MOST_FINDS:
            break
        size, files, newest = _measure(path)
        if files and newest >= since - _SLACK_SECONDS:
            found.setdefault(str(path), Find(kind, str(path), size, files))
    return tuple(found.values())


def core_pattern(proc: Path = Path("/proc")) -> str:
    """Return where the kernel sends a core: a name, or ``|`` with a program of the host's."""
    try:
        return (proc / "sys/kernel/core_pattern").read_text().strip()
    except OSError:
        return ""


def _candidates(places: Places, pattern: str, temporary: Path) -> Iterator[tuple[str, Path]]:
    roots = list(dict.fromkeys(_roots(places)))
    if pattern and not pattern.startswith("|"):
        name = _CORE.sub("*", pattern)
        folders = [Path("/")] if name.startswith("/") else roots
        for folder in folders:
            yield from _glob(folder, (("core", name.lstrip("/")),))
    for root in roots:
        yield from _glob(root, _BESIDE_THE_GAME)
    if places.home:
        yield from _glob(Path(places.home), _AT_HOME)
    yield from _glob(temporary, _TEMPORARY)


def _roots(places: Places) -> Iterator[Path]:
    """Yield the game's folders; Unreal's program lies in ``<Project>/Binaries/Linux``."""
    if places.folder:
        yield Path(places.folder)
    program = Path(places.folder or "/", places.path)
    if places.path and "/" in places.path:
        yield program.parent
        yield from (each.parent for each in program.parents if each.name == "Binaries")


def _glob(folder: Path, patterns: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, Path]]:
    for kind, pattern in patterns:
        try:
            for path in islice(folder.glob(pattern), _MOST_LOOKED_AT):
                yield kind, path
        except (OSError, ValueError, NotImplementedError):  # not ours to look into, or no pattern
            continue


def _measure(path: Path) -> tuple[int, int, float]:
    """Return bytes, files, and when the last of them was written; links are not followed."""
    size = files = 0
    newest = 0.0
    for each in islice(_files(path), _MOST_LOOKED_AT):
        try:
            told = each.lstat()
        except OSError:
            continue
        size, files, newest = size + told.st_size, files + 1, max(newest, told.st_mtime)
    return size, files, newest


def _files(path: Path) -> Iterator[Path]:
    if path.is_symlink():
        return
    if path.is_file():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)
