"""Logs as files in a folder, on a volume that outlives the container."""

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import SettingsError
from . import address, objectkey
from .exchange import within
from .packing import Press
from .parcel import Delivered, Failed, Outcome, Parcel, Refused, Sink, Unit
from .records import Style

_FAULTS = frozenset({
    errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EPERM,
    errno.EROFS,
})  # fmt: skip
"""What no further attempt changes; a full or failing disk may recover."""


def open_sink(url: str, found: Mapping[str, str], style: Style) -> Sink:
    """Return the sink of ``file:///path?gzip=``.

    Args:
        url: ``gzip=0`` keeps the files readable as they are.
        found: of no concern.
        style: of no concern: files hold the bytes as they came.

    Raises:
        SettingsError: it names another machine, or no folder.
    """
    del found, style
    place = address.parse(url, ("gzip",), strict=True)
    path = address.decoded(place.path)
    if place.host not in {"", "localhost"} or not path:
        raise SettingsError(
            f"cannot use {place.name}: it names no folder of this machine; write file:///path"
        )
    return Folder(place.name, Path("/") / path, is_packed=place.switch("gzip", default=True))


class Folder:
    """One file a parcel, named as an object in a store would be, whole or not there.

    The folder must exist: one that we made ourselves, because the volume is not mounted, would
    vanish with the container.
    """

    unit = Unit.SEGMENT
    most_bytes = 16 * 1024 * 1024
    most_seconds = 30.0

    def __init__(self, name: str, root: Path, *, is_packed: bool = True) -> None:
        """Take what people are told, where the files go."""
        self.name = name
        self._root = root
        self._is_packed = is_packed
        self._press = Press(is_on=is_packed)
        self._busy: set[Path] = set()

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - the contract's
    ) -> Outcome:
        """Write one parcel in one attempt of *timeout* seconds at most; never raises."""
        outcome = await within(timeout, self._deliver(parcel, labels))
        if isinstance(outcome, Delivered):
            self._press.forget(parcel)
        return outcome

    def counters(self) -> dict[str, int]:
        """Return nothing: the bytes are taken as they are."""
        return {}

    async def aclose(self) -> None:
        """Wait for nothing: a write that hangs ends with the process."""

    async def _deliver(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        key = objectkey.compose(parcel, labels)
        path = self._root / (key if self._is_packed else key.removesuffix(".gz"))
        if path in self._busy:
            return Failed("the volume has not answered the attempt before")
        packed = await self._press.pack(parcel)
        self._busy.add(path)
        return await _aside(lambda: self._put(path, packed.body))

    def _put(self, path: Path, body: bytes) -> Outcome:
        try:
            if not self._root.is_dir():
                return Refused("there is no such folder; mount the volume, or create it")
            if not path.exists():
                _write(path, body)
        except OSError as error:
            reason = os.strerror(error.errno or errno.EIO)
            if error.errno in _FAULTS:
                return Refused(f"{reason}; let the agent's user write there")
            return Failed(reason)
        finally:
            self._busy.discard(path)
        return Delivered()


def _write(path: Path, body: bytes) -> None:
    """Make the file appear with all its bytes, on the disk before it is said to be there.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()  # a full disk gets its room back
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def _aside(work: Callable[[], Outcome]) -> Outcome:
    """Do *work* in a thread that nobody waits for at the end.

    The loop's own threads are joined when it closes: a dead network volume would hold the exit.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        if not done.done():
            done.set_result(outcome)

    def run() -> None:
        outcome = work()
        with suppress(RuntimeError):  # the loop is closed: nobody asks any longer
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, name="folder", daemon=True).start()
    return await done
