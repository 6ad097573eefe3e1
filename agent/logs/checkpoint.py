"""What each sink has of a spool, kept beside it so that a successor goes on from there."""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ..core import spans
from ..core.spans import Spans

FILE = "delivered.json"


@dataclass(slots=True)
class Delivered:
    """What one sink has acknowledged.

    Attributes:
        spans: by source, the bytes that it has.
        objects: how many parcels that were.
        skipped: how many of these bytes it was spared, so does not have.
    """

    spans: dict[str, Spans] = field(default_factory=dict)
    objects: int = 0
    skipped: int = 0

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return sum(spans.size(each) for each in self.spans.values()) - self.skipped


class Checkpoint:
    """Remembers acknowledgements; lost, the same objects are sent again under the same names."""

    def __init__(self, folder: Path) -> None:
        """Take up what is kept in a spool's folder; what cannot be read counts as nothing."""
        self._file = folder / FILE
        self._known: dict[str, Delivered] = {}
        self._saving = asyncio.Lock()
        self._version = self._saved = 0
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=dict[str, Delivered])
        except (OSError, msgspec.MsgspecError):
            return
        self._known = kept

    def of(self, sink: str) -> Delivered:
        """Return what a sink has, by its name."""
        return self._known.setdefault(sink, Delivered())

    def note(self, sink: str, source: str, start: int, end: int) -> None:
        """Take an acknowledgement; `save` makes it last."""
        self._add(sink, source, start, end)
        self.of(sink).objects += 1

    def skip(self, sink: str, source: str, start: int, end: int) -> None:
        """Take bytes for done that the sink will never have."""
        self._add(sink, source, start, end)
        self.of(sink).skipped += end - start

    def _add(self, sink: str, source: str, start: int, end: int) -> None:
        known = self.of(sink)
        known.spans[source] = spans.add(known.spans.get(source, ()), start, end)
        self._version += 1

    def missing(self, sink: str, source: str, start: int, end: int) -> Spans:
        """Return what a sink lacks between two offsets of a source."""
        return spans.missing(self.of(sink).spans.get(source, ()), start, end)

    async def save(self) -> None:
        """Make what was noted last; a disk that takes nothing costs only repeats."""
        wanted = self._version
        async with self._saving:
            if self._saved >= wanted:
                return  # somebody else has done it meanwhile
            version, content = self._version, msgspec.json.encode(self._known)
            await asyncio.to_thread(put, self._file, content)
            self._saved = version


def put(path: Path, content: bytes, *, lasting: bool = True) -> bool:
    """Replace a file in one go: a reader has the old or the new.

    Args:
        path: of the file.
        content: what is to be in it.
        lasting: also after the machine has failed, not only ourselves; a disk takes its time.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()  # what is half written takes room that is short
        return False
    return True
