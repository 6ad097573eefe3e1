"""The looks at the game's logs: soon after each write, each second, once more at the end."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from .. import clock
from .echo import Echo
from .gamefiles import GameFiles
from .generation import QUIET_SECONDS
from .spoolreader import Piece
from .waking import Waking

LOG = logging.getLogger("agent.logs")

LOOK_SECONDS = 1.0
"""The truth, where the kernel tells nothing (overlayfs after a copy-up, NFS, FUSE)."""

_TURNS = 3
_REST_SECONDS = 0.1  # after a wake-up: who writes a lot wakes us ten times a second, no more

T = TypeVar("T")


class FileWatch:
    """Has the files looked at in a thread of its own: a disk that hangs holds nobody else."""

    def __init__(self, open_files: Callable[[], GameFiles], echo: Echo | None = None) -> None:
        """Prepare; the files are opened by the first look.

        Args:
            open_files: makes what is looked after; called in the thread.
            echo: who else gets the lines.
        """
        self._echo = echo
        self._held: list[Piece] = []
        self._open_files = open_files
        self._files: GameFiles | None = None
        self._told = ""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        if echo:
            echo.advanced = self._let_go

    async def run(self) -> None:
        """Look until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as work:
                if self._echo:
                    work.create_task(self._echo.run(self._aside), name="echo")
                work.create_task(self._look_on(), name="look")
        finally:
            self._thread.shutdown(wait=False)

    def heard(self, ends: Mapping[str, int]) -> None:
        """Take how far PID 1's streams have come."""
        if self._echo:
            self._echo.heard(ends)

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
                ends = await self._aside(files.seal)
                if self._echo:
                    await self._echo.flush(end - clock.now(), final=final)
                return ends
        return self.ends()

    def ends(self) -> dict[str, int]:
        """Return how far each source has come."""
        return self._files.ends() if self._files else {}

    def release(self, piece: Piece) -> bool:
        """Let go of a segment that every sink has; False where it is not of a file."""
        if self._files is None or piece.source not in self._files.ends():
            return False
        self._held.append(piece)
        self._let_go()
        return True

    def _let_go(self) -> None:
        """Let go of what the container's output has too."""
        ready = [each for each in self._held if not self._echo or self._echo.has(each)]
        for piece in ready:
            self._held.remove(piece)
            self._thread.submit(self._opened().release, piece.source, piece.seq)

    def counters(self) -> dict[str, int]:
        """Return what was read, what was not."""
        return self._files.counters() if self._files else {}

    async def _look_on(self) -> None:
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

    async def _look_once(self, *, final: bool = False) -> None:
        """Copy all that is there now, some of it at a time: a seal may want its turn."""
        files = await self._aside(self._opened)
        while await self._aside(lambda: files.look(clock.now(), clock.wall(), final=final)):
            if self._echo:
                self._echo.more()

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
