"""Validated settings in a memory file, sealed against change, checked by length and CRC."""

import fcntl
import os
import struct
from zlib import crc32

import msgspec

from .core.options import Options

_HEADER = struct.Struct("<II")  # length, CRC-32 of what follows
_MOST_BYTES = 1024 * 1024
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def write_settings(fd: int, options: Options) -> None:
    """Put the options into the memory file, then seal it where it allows that.

    Raises:
        OSError: the file cannot be written, for instance because it is sealed already.
    """
    body = msgspec.json.encode(options)
    os.ftruncate(fd, 0)
    os.pwrite(fd, _HEADER.pack(len(body), crc32(body)) + body, 0)
    try:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except OSError:
        return  # made without MFD_ALLOW_SEALING, or not a memfd: the CRC has to do


def read_settings(fd: int) -> Options | None:
    """Return the options, or None where nothing whole is there."""
    try:
        content = os.pread(fd, _HEADER.size + _MOST_BYTES, 0)
    except OSError:
        return None
    if len(content) < _HEADER.size:
        return None
    length, checksum = _HEADER.unpack_from(content)
    body = content[_HEADER.size :]
    if len(body) != length or crc32(body) != checksum:
        return None
    try:
        return msgspec.json.decode(body, type=Options)
    except msgspec.MsgspecError:
        return None  # written by another version of us
