"""Bound sockets, as the kernel lists them for one network namespace."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

MAX_ROWS = 32_768  # of each table

_TCP_LISTEN = b"0A"
_UDP_UNCONNECTED = b"07"  # open for anybody; a connected one (01) hears its one peer only
_STATE_OF = {"tcp": _TCP_LISTEN, "udp": _UDP_UNCONNECTED}
TRANSPORTS = tuple(_STATE_OF)

_INODE = 9  # sl local rem st tx:rx tr:tm retrnsmt uid timeout inode …
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, IPv4 inside IPv6


@dataclass(frozen=True, slots=True)
class Bound:
    """One socket that takes what comes from outside.

    Attributes:
        transport: ``tcp`` or ``udp``.
        port: its local number.
        inode: what ``/proc/<pid>/fd`` calls it.
    """

    transport: str
    port: int
    inode: int


def read_bound(net: Path, transports: Iterable[str] = TRANSPORTS) -> list[Bound]:
    """Return what is bound, less loopback, from a folder such as ``/proc/<pid>/net``.

    Args:
        net: the folder.
        transports: which tables to read. Those of TCP cost milliseconds even where they are
            empty: the kernel walks its whole table of connections.

    Raises:
        OSError: the process is gone or /proc is not readable. A table of a protocol that
            the kernel does not have is empty.
    """
    if not net.is_dir():
        raise FileNotFoundError(str(net))
    found: list[Bound] = []
    for transport in transports:
        for table in (net / transport, net / f"{transport}6"):
            with suppress(FileNotFoundError), table.open("rb", buffering=4096) as rows:
                found += parse(transport, rows)
    return found


def parse(transport: str, rows: Iterable[bytes]) -> Iterator[Bound]:
    """Yield the sockets of one table that listen beyond loopback; rows that differ are passed.

    Of TCP the kernel lists what listens first: the first connection ends the reading, so
    that thousands of them cost nothing.
    """
    wanted = _STATE_OF[transport]
    for row in islice(rows, 1, MAX_ROWS):
        words = row.split()
        if len(words) <= _INODE:
            continue
        if words[3] != wanted:
            if transport == "tcp":
                return
            continue
        address, _, port = words[1].decode("ascii").rpartition(":")
        if not is_loopback(address):
            yield Bound(transport, int(port, 16), int(words[_INODE]))


def is_loopback(address: str) -> bool:
    """Return whether the kernel's form is loopback's: each 32-bit word is this machine's."""
    raw = b"".join(
        int(address[at : at + 8], 16).to_bytes(4, sys.byteorder)
        for at in range(0, len(address), 8)
    )
    if raw.startswith(_MAPPED):
        raw = raw.removeprefix(_MAPPED)
    return raw == bytes(15) + b"\x01" or (len(raw) == 4 and raw[0] == 127)  # noqa: PLR2004
