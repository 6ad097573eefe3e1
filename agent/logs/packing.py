"""A parcel's bytes, compressed once however often they are sent."""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .codecs import Codec
from .parcel import Parcel

_KEPT = 4  # three uploads at a time, the tail beside them

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="press")
"""For all sinks: glibc gives every thread a heap of its own, which cost 12 MiB with the loop's
threads; those are for resolving names, of which the self-stop needs one."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What is sent for a parcel, with its SHA-256 in hexadecimal."""

    body: bytes
    digest: str


class Press:
    """Compresses aside; keeps what was not delivered yet, within bounds."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._kept: dict[tuple[str, int, int], Packed] = {}

    async def pack(self, parcel: Parcel, render: Callable[[], bytes] | None = None) -> Packed:
        """Return the parcel compressed; the same bytes every time, so that a repeat is one.

        Args:
            parcel: what is to be sent.
            render: what makes another form of it, called in a thread.
        """
        name = _name(parcel)
        if name not in self._kept:
            made = render or (lambda: parcel.data)
            loop = asyncio.get_running_loop()
            # zlib, zstd let go of the GIL.
            packed = await loop.run_in_executor(_THREAD, self._pack, made)
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = packed
        parcel.made()
        return self._kept[name]

    def forget(self, parcel: Parcel) -> None:
        """Let go of a parcel that is not sent again."""
        self._kept.pop(_name(parcel), None)

    def _pack(self, render: Callable[[], bytes]) -> Packed:
        body = self.codec.compress(render())
        return Packed(body, hashlib.sha256(body).hexdigest())


def _name(parcel: Parcel) -> tuple[str, int, int]:
    return parcel.source, parcel.start, len(parcel.data)
