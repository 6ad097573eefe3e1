"""Logs as files in a folder, on a volume that outlives the container."""

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import SettingsError
from . import address, codecs, objectkey
from .attempts import Store
from .packing import Press
from .parcel import Delivered, Failed, Outcome, Parcel, Refused, Unit
from .records import Style

_FAULTS = frozenset({
    errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EPERM,
    errno.EROFS,
})  # fmt: skip
"""What no further attempt changes; a full or failing disk may recover."""


def open_store(url: str, found: Mapping[str, str], style: Style) -> Store:
    """Return the store of ``file:///path?compress=``.

    Args:
        url: ``compress=none`` keeps the files readable as they are.
        found: of no concern.
        style: of no concern: files hold the bytes as they came.

    Raises:
        SettingsError: it names another machine, or no folder.
    """
    del found, style
    place = address.parse(url, (codecs.OPTION,), strict=True)
    path = address.decoded(place.path)
    if place.host not in {"", "localhost"} or not path:
        raise SettingsError(
            f"cannot use {place.name}: it names no folder of this machine; write file:///path"
        )
    return Folder(place.name, Path("/") / path, codecs.chosen(place))


class Folder:
    """One file a parcel, named as an object in a store would be, whole or not there.

    The folder must exist: one that we made ourselves, because the volume is not mounted, would
    vanish with the container.
    """

    unit = Unit.SEGMENT
    most_bytes = 16 * 1024 * 1024
    most_seconds = 30.0

    def __init__(self, name: str, root: Path, codec: codecs.Codec) -> None:
        """Take what people are told, where the files go, how they are compressed."""
        self.name = name
        self._root = root
        self._press = Press(codec)
        self._busy: set[Path] = set()

    async def send(self, parcel: Parcel, labels: Mapping[str, str]) -> Outcome:
        """Write one parcel."""
        path = self._root / objectkey.compose(parcel, labels, self._press.codec.suffix)
        if path in self._busy:
            return Failed("the volume has not answered the attempt before")
        packed = await self._press.pack(parcel)
        self._busy.add(path)
        return await _aside(lambda: self._put(path, packed.body))

    def forget(self, parcel: Parcel) -> None:
        """Let go of a parcel that is not sent again."""
        self._press.forget(parcel)

    def counters(self) -> dict[str, int]:
        """Return nothing: the bytes are taken as they are."""
        return {}

    async def aclose(self) -> None:
        """Wait for nothing: a write that hangs ends with the process."""

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
