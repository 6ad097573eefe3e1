"""A wake-up for whoever reads a folder's files, when the kernel says that one was written."""

import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from .. import clock

_IN_MODIFY, _IN_MOVED_TO, _IN_CREATE = 0x2, 0x80, 0x100
_MOST_BYTES = 64 << 10

BLIND_SECONDS = 1.0
"""Between looks where the kernel tells nothing (gVisor, a limit on watches)."""


class Waking:
    """Waits for writes below folders; a hint only, the reader's own look is the truth."""

    def __init__(self, *folders: Path) -> None:
        """Begin to watch: what is written from now on wakes."""
        self._written = asyncio.Event()
        self._libc, self._fd = _open()
        self._is_blind = self._fd < 0
        self.watch(folders)

    def __enter__(self) -> Self:
        """Have the loop told."""
        if self._fd >= 0:
            asyncio.get_running_loop().add_reader(self._fd, self._drain)
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch more folders; a name that leads to a new folder by now is watched anew."""
        for folder in folders:
            what = _IN_MODIFY | _IN_MOVED_TO | _IN_CREATE
            if self._fd >= 0 and (
                self._libc.inotify_add_watch(self._fd, os.fsencode(folder), what) < 0
            ):
                self._is_blind = True

    async def written(self, seconds: float | None = None) -> None:
        """Wait for a write since the last call, without any timer where the kernel tells.

        Args:
            seconds: the most that is waited; None = for ever, if nothing is hidden from us.
        """
        if seconds is None and self._is_blind:
            seconds = BLIND_SECONDS
        if seconds is None:
            await self._written.wait()
        else:
            await clock.wait(self._written, seconds)
        self._written.clear()

    def wake(self) -> None:
        """Wake who waits."""
        self._written.set()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._fd, _MOST_BYTES):
                pass
        self._written.set()


def _open() -> tuple[Any, int]:
    """Return the C library with an inotify descriptor, -1 where there can be none."""
    import ctypes  # 0.8 MiB: only where lines are asked for

    libc = ctypes.CDLL(None)
    return libc, int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
