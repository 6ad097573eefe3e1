"""The looks at the game's logs: soon after each write, each second, once more at the end."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from .. import clock
from .gamefiles import GameFiles
from .generation import QUIET_SECONDS
from .waking import Waking

LOG = logging.getLogger("agent.logs")

LOOK_SECONDS = 1.0
"""The truth, where the kernel tells nothing (overlayfs after a copy-up, NFS, FUSE)."""

_TURNS = 3
_REST_SECONDS = 0.1  # after a wake-up: who writes a lot wakes us ten times a second, no more

T = TypeVar("T")


class FileWatch:
    """Has the files looked at in a thread of its own: a disk that hangs holds nobody else."""

    def __init__(self, open_files: Callable[[], GameFiles]) -> None:
        """Prepare; the files are opened by the first look.

        Args:
            open_files: makes what is looked after; called in the thread.
        """
        self._open_files = open_files
        self._files: GameFiles | None = None
        self._told = ""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        self.copied: Callable[[], object] = lambda: None

    async def run(self) -> None:
        """Look until it is cancelled."""
        try:
            with Waking() as waking:
                while True:
                    try:
                        files = await self._aside(self._opened)
                        folders = await self._aside(files.folders)
                        waking.watch(map(Path, folders))  # before the look, so none is missed
                        await self._look_once()
                    except OSError as error:
                        self._tell(str(error))
                    await waking.written(LOOK_SECONDS)
                    await clock.wait(asyncio.Event(), _REST_SECONDS)
        finally:
            self._thread.shutdown(wait=False)

    async def seal(self, end: float, *, final: bool = False) -> dict[str, int]:
        """Copy what there is, seal it; return how far each source has come.

        Args:
            end: boot-time seconds; a disk that is slow is not waited for any longer.
            final: the game is gone.
        """
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(max(0.0, end - clock.now())):
                files = await self._aside(self._opened)
                await self._look_once(final=final)
                for _ in range(_TURNS):
                    if files.is_turning:
                        await clock.wait(asyncio.Event(), QUIET_SECONDS)
                        await self._look_once(final=final)
                return await self._aside(files.seal)
        return self.ends()

    def ends(self) -> dict[str, int]:
        """Return how far each source has come."""
        return self._files.ends() if self._files else {}

    def release(self, source: str, seq: int) -> bool:
        """Let go of a segment that every sink has; False where it is not of a file."""
        if self._files is None or source not in self._files.ends():
            return False
        self._thread.submit(self._files.release, source, seq)
        return True

    def counters(self) -> dict[str, int]:
        """Return what was read, what was not."""
        return self._files.counters() if self._files else {}

    async def _look_once(self, *, final: bool = False) -> None:
        """Copy all that is there now, some of it at a time: a seal may want its turn."""
        files = await self._aside(self._opened)
        while await self._aside(lambda: files.look(clock.now(), clock.wall(), final=final)):
            self.copied()

    def _tell(self, why: str) -> None:
        if why != self._told:
            self._told = why
            LOG.error("logs: cannot follow the game's files: %s; it is tried again", why)

    def _opened(self) -> GameFiles:
        if self._files is None:
            self._files = self._open_files()
        return self._files

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
