"""A spool as tests fill it, a reader as an output reads it."""

import struct
import time
from pathlib import Path

from agent.pid1.segments import Place
from agent.pid1.spool import Spool
from agent.pid1.streams import Stream

KIB = 1024


def spool_in(folder: Path | str, limit: int = 1 << 20, spare: int = 1 << 20) -> Spool:
    return Spool(Place(str(folder), limit), spare)


def read_all(stream: Stream, offset: int = 0) -> bytes:
    """Read as an output does: what can be read, from *offset* to the end."""
    out = bytearray()
    view = memoryview(bytearray(4096))
    while offset < stream.end:
        offset = stream.next_readable(offset)
        count = stream.read(offset, view)
        out += view[:count]
        offset += count
    return bytes(out)


def entries(path: Path) -> list[tuple[int, int]]:
    return list(struct.iter_unpack("<QQ", path.read_bytes()))


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
