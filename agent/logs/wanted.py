"""The files of the game that are asked for, as they are found on the disk."""

import glob
import os
import re
from dataclasses import dataclass
from itertools import islice

from .spoolreader import stem

AUTO = "auto"
PRESETS: dict[str, tuple[str, ...]] = {
    "unreal": ("Saved/Logs/*.log", "*/Saved/Logs/*.log"),
    "unity": ("Player.log", "~/.config/unity3d/*/*/Player.log"),
    "godot": ("logs/godot.log", "~/.local/share/godot/app_userdata/*/logs/godot.log"),
    "java": ("logs/latest.log", "hs_err_pid*.log"),
    "python": ("*.log", "logs/*.log"),
}
"""By preset, where its engine writes; relative to the game's folder, ``~`` is its home."""

_MOST_NAMES = 4096  # of one pattern
_PACKED = re.compile(r"\.(?:gz|xz|bz2|zst|lz4|zip)$")
_OURS = re.compile(r"(?:^|/)arbitrium-agent-[0-9a-f]+-\d+/")
_TURN = r"(?:[._-](?:\d[^/]*|backup[^/]*|prev[^/]*|old|bak))"  # Game-backup-…, Player-prev, app.1
_LONGEST_STEM = 200
_LONGEST_END = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """Absolute patterns, and what labels are relative to.

    Attributes:
        folder: the game's working directory.
        patterns: with ``*``, ``?``, ``[…]``, ``**``.
        outside: folders whose files are never the game's: a sink writes there.
    """

    folder: str
    patterns: tuple[str, ...]
    outside: tuple[str, ...] = ()

    def paths(self) -> list[str]:
        """Return the names that match now, each once; what they are is not looked at."""
        found: dict[str, None] = {}
        for pattern in self.patterns:
            names = sorted(islice(glob.iglob(pattern, recursive=True), _MOST_NAMES))  # noqa: PTH207 - pathlib takes no absolute pattern
            found |= dict.fromkeys(filter(self._is_the_games, names))
        return list(found)

    def label(self, path: str) -> str:
        """Return a file's source: its path from the game's folder."""
        inside = path.removeprefix(self.folder.rstrip("/") + "/")
        if len(stem(inside)) > _LONGEST_STEM:  # it becomes part of file names
            inside = f"{hash_of(path)}/{inside[-_LONGEST_END:]}"
        return f"file:{inside}"

    def folders(self) -> set[str]:
        """Return the folders that are there in which a matching name would appear."""
        found = set()
        for pattern in self.patterns:
            folder = os.path.dirname(pattern)  # noqa: PTH120 - a pattern is no path
            found |= set(islice(glob.iglob(folder, recursive=True), _MOST_NAMES))  # noqa: PTH207 - as above
        return {each or "/" for each in found}

    def _is_the_games(self, path: str) -> bool:
        if _PACKED.search(path) or _OURS.search(path):
            return False
        return not any(path.startswith(folder.rstrip("/") + "/") for folder in self.outside)


def wanted(
    items: tuple[str, ...], preset: str, folder: str, home: str, outside: tuple[str, ...] = ()
) -> Wanted:
    """Return what the settings ask for.

    Args:
        items: patterns, or ``auto`` for those of the preset (of all presets, if it has none).
        preset: a name of `PRESETS`, or another word.
        folder: what relative patterns begin at.
        home: of the game's user.
        outside: see `Wanted`.
    """
    patterns: dict[str, None] = {}
    for item in items:
        if item == AUTO:
            every = tuple(each for group in PRESETS.values() for each in group)
            patterns |= dict.fromkeys(PRESETS.get(preset, every))
        else:
            patterns[item] = None
    placed = [_placed(each, folder, home) for each in patterns]
    return Wanted(folder, tuple(each for each in placed if each), outside)


def turned(path: str) -> dict[str, int]:
    """Return the files beside a log that were it before, judged by their names, with inodes.

    The kernel lists a folder in one go, up to some hundred names: no renaming tears that apart.
    """
    folder, name = os.path.split(path)
    first, dot, suffix = name.rpartition(".")
    kind = re.compile(
        f"{re.escape(name)}[.~-].+|{re.escape(first or name)}{_TURN}{re.escape(dot + suffix)}"
    )
    try:
        with os.scandir(folder or "/") as entries:
            return {
                each.path: each.inode()
                for each in islice(entries, _MOST_NAMES)
                if kind.fullmatch(each.name) and not _PACKED.search(each.name)
            }
    except OSError:
        return {}


def hash_of(text: str) -> str:
    """Return a short name for a long one."""
    import hashlib

    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def _placed(pattern: str, folder: str, home: str) -> str:
    if pattern.startswith("~/"):
        return os.path.join(glob.escape(home), pattern[2:]) if home else ""  # noqa: PTH118 - a pattern
    return os.path.join(glob.escape(folder or "/"), pattern)  # noqa: PTH118 - a pattern
