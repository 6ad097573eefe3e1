"""Whether packets come in, as the kernel counts them for one network namespace."""

import os
import socket
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .sniffing import Sample

FLOOR = 2.0
"""Packets a second: below it nobody plays. A few browsers' pings, stray scans stay below."""

_SEGMENTS_IN = 140  # offset of tcpi_segs_in in struct tcp_info, since Linux 4.2
_HOST_ONLY = "sys/net/core/netdev_max_backlog"


@dataclass(frozen=True, slots=True)
class Counters:
    """What has come in so far.

    Attributes:
        packets: over all interfaces but loopback.
        datagrams: UDP that somebody took, loopback's included.
        complaints: ICMP, mostly that an answer found nobody any more.
        own: by connection, the segments of our own TCP connections beyond loopback.
    """

    packets: int
    datagrams: int
    complaints: int
    own: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the packets since the last look say; neither of both: they do not tell.

    Attributes:
        somebody: as many datagrams as a player sends, browsers' questions left out; or fewer
            of one who sends on and on.
        nobody: less than that, of whatever kind, our own connections left out.
        peers: how many send on and on; 0 = not known.
    """

    somebody: bool
    nobody: bool
    peers: int = 0


def is_shared(proc: Path = Path("/proc")) -> bool:
    """Return whether this is the machine's own network, where others' packets are counted, too.

    Some settings of the kernel are shown in the first network namespace alone.
    """
    return (proc / _HOST_ONLY).exists()


def read_counters(pid: int, proc: Path = Path("/proc")) -> Counters:
    """Return what has come in so far, in the namespace of a process.

    Raises:
        OSError: the process is gone, or /proc is not readable.
        ValueError: the kernel writes something else than we know.
    """
    net = proc / str(pid) / "net"
    rows = (line.partition(":") for line in (net / "dev").read_text().splitlines()[2:])
    packets = sum(int(words.split()[1]) for name, _, words in rows if name.strip() != "lo")
    totals = _totals(net)
    return Counters(
        packets,
        totals["Udp.InDatagrams"] + totals["Udp6InDatagrams"],
        totals["Icmp.InMsgs"] + totals["Icmp6InMsgs"],
        dict(_own()),
    )


def judge(before: Counters, after: Counters, seconds: float, sample: Sample | None) -> Verdict:
    """Return what a stretch of time says.

    Args:
        before: the counters at its beginning.
        after: those at its end.
        seconds: its length.
        sample: of its datagrams; None where we may not look into any.
    """
    own = sum(max(0, count - before.own.get(each, 0)) for each, count in after.own.items())
    own += after.complaints - before.complaints
    packets = max(0, after.packets - before.packets - own)
    datagrams = min(after.datagrams - before.datagrams, packets)
    questions = datagrams * sample.questions / sample.seen if sample and sample.seen else 0.0
    peers = sample.steady if sample else 0
    somebody = peers > 0 or (datagrams - questions) / seconds >= FLOOR
    nobody = not somebody and (packets - questions) / seconds < FLOOR
    return Verdict(somebody, nobody, peers)


def _totals(net: Path) -> Counter[str]:
    """Return the kernel's totals by name, those of IPv6 where there is any."""
    totals: Counter[str] = Counter()
    for names, values in pairwise((net / "snmp").read_text().splitlines()):
        kind, _, rest = names.partition(": ")
        words = values.removeprefix(f"{kind}: ").split()
        if kind in {"Udp", "Icmp"} and words[0].isdecimal():
            totals.update(
                {
                    f"{kind}.{name}": int(word)
                    for name, word in zip(rest.split(), words, strict=True)
                }
            )
    with suppress(FileNotFoundError):
        for row in (net / "snmp6").read_text().splitlines():
            name, value = row.split()
            totals[name] = int(value)
    return totals


def _own() -> Iterator[tuple[int, int]]:
    """Yield (inode, segments received) of our connections to others: the log stores, mostly.

    Who closes one within a look keeps its last segments from us: that errs towards
    "somebody", for tens of packets.
    """
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - as in tree
        with suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
            if target.startswith("socket:["):
                yield from _segments(int(name), int(target[8:-1]))


def _segments(fd: int, inode: int) -> Iterator[tuple[int, int]]:
    with socket.socket(fileno=os.dup(fd)) as one:
        if one.family not in (socket.AF_INET, socket.AF_INET6) or one.type != socket.SOCK_STREAM:
            return
        if one.getpeername()[0] in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
            return
        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        if len(info) >= _SEGMENTS_IN + 4:
            yield inode, struct.unpack_from("=I", info, _SEGMENTS_IN)[0]
