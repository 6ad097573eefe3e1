"""How a sink's URL wants bytes compressed."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from ..errors import SettingsError
from .address import Address

OPTION = "compress"
_GZIP_LEVEL = 6  # 0.27 of a game's text; level 1 has 0.33, at half the time
_ZSTD_LEVEL = 3  # 0.26 to 0.28 of it, at half the time of gzip's 1


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to compress; the same bytes always become the same bytes.

    Attributes:
        encoding: as HTTP's Content-Encoding names it, empty = as they are.
        suffix: of a file's name.
        media: of a file, as Content-Type names it.
        compress: does it.
    """

    encoding: str
    suffix: str
    media: str
    compress: Callable[[bytes], bytes]


def _zstd(data: bytes) -> bytes:
    import zstandard  # an extra: 1.5 MiB, loaded where it is asked for

    return zstandard.ZstdCompressor(_ZSTD_LEVEL, write_checksum=True).compress(data)


GZIP = Codec(
    "gzip", ".gz", "application/gzip", lambda data: gzip.compress(data, _GZIP_LEVEL, mtime=0)
)
ZSTD = Codec("zstd", ".zst", "application/zstd", _zstd)
NONE = Codec("", "", "text/plain", lambda data: data)
_CODECS = {"": GZIP, "gzip": GZIP, "zstd": ZSTD, "none": NONE}


def chosen(place: Address) -> Codec:
    """Return what the URL's ``compress=`` asks for, gzip where it asks for nothing.

    Where zstd's package is missing it is gzip, too; see `lack`.

    Raises:
        SettingsError: it asks for what there is not.
    """
    word = place.options.get(OPTION, "").lower()
    if word not in _CODECS:
        raise SettingsError(
            f"cannot use {place.name}: compress={ascii(word)[1:-1][:20]} is not known;"
            " write gzip, zstd or none"
        )
    return GZIP if lack(place) else _CODECS[word]


def lack(place: Address) -> str:
    """Return why a sink compresses otherwise than it was asked to, or nothing."""
    if place.options.get(OPTION, "").lower() != "zstd" or find_spec("zstandard"):
        return ""
    return (
        f"cannot compress for {place.name} with zstd: the package zstandard is not installed, so"
        " it is gzip; pip install 'arbitrium-agent[zstd]'"
    )
