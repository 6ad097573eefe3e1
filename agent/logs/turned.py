"""Files that had a log's name before, opened while names still move."""

import os
from collections.abc import Callable
from contextlib import suppress

from .generation import Generation, Key, RefusedError, open_generation
from .wanted import turned

_TRIES = 20


def open_turned(
    path: str, since: float, reader: int | None, known: Callable[[Key], bool]
) -> tuple[list[Generation], bool]:
    """Return the files, oldest first, and whether no name has moved meanwhile.

    Where one has, a file may have slipped by: from a name not looked at yet to one looked at.

    Args:
        path: the log's name.
        since: wall-clock seconds; what was not written to since then is left out.
        reader: see `open_generation`.
        known: whether a file is none that is looked for.
    """
    found: dict[Key, Generation] = {}
    for _ in range(_TRIES):
        names = turned(path)
        for name in names:
            with suppress(OSError, RefusedError):
                told = os.stat(name)  # noqa: PTH116 - by the thousand
                key = told.st_dev, told.st_ino
                if key in found or known(key) or told.st_mtime < since:
                    continue
                file = open_generation(name, reader)
                if file.key in found or known(file.key):
                    file.close()  # it has another name by now
                else:
                    found[file.key] = file
        if turned(path) == names:
            return _by_age(found), True
    return _by_age(found), False


def _by_age(found: dict[Key, Generation]) -> list[Generation]:
    return sorted(found.values(), key=lambda each: os.fstat(each.fd).st_mtime_ns)
