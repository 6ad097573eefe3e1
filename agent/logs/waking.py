"""A wake-up for whoever reads a folder's files, when the kernel says that one was written."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from .. import clock

_IN_MODIFY, _IN_CREATE = 0x2, 0x100
_MOST_BYTES = 64 << 10

BLIND_SECONDS = 1.0
"""Between looks where the kernel tells nothing (gVisor, a limit on watches)."""


class Waking:
    """Waits for writes below a folder; a hint only, the reader's own look is the truth."""

    def __init__(self, folder: Path) -> None:
        """Begin to watch: what is written from now on wakes."""
        self._written = asyncio.Event()
        self._fd = _watch(folder)

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

    async def written(self) -> None:
        """Wait for a write since the last call, without any timer where the kernel tells."""
        if self._fd >= 0:
            await self._written.wait()
        else:
            await clock.wait(self._written, BLIND_SECONDS)
        self._written.clear()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._fd, _MOST_BYTES):
                pass
        self._written.set()


def _watch(folder: Path) -> int:
    """Return an inotify descriptor on the folder, -1 where there can be none."""
    import ctypes  # 0.8 MiB: only where lines are asked for

    libc = ctypes.CDLL(None)
    fd = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    what = _IN_MODIFY | _IN_CREATE
    if fd >= 0 and libc.inotify_add_watch(fd, os.fsencode(folder), what) < 0:
        os.close(fd)
        return -1
    return fd
