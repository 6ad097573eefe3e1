"""A sample of the UDP datagrams that come in: from whom, and whether they are mere questions."""

import array
import re
import socket
import struct
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

HEAD_BYTES = 96
"""Of a packet: enough for the headers and the first bytes of what it says."""

STEADY = 0.5
"""Packets a second of one sender who is there: a client that only keeps its connection up."""

_MOST_PACKETS = 512  # of one look
_BUFFER_BYTES = 128 << 10  # what does not fit is dropped by the kernel, counted by it

_ETH_P_ALL = 0x0003
_SO_ATTACH_FILTER = 26

# What server browsers and port scanners send; nobody who plays sends nothing but that.
QUESTIONS = re.compile(
    rb"(?s)\xff\xff\xff\xff(?:[TUVWi]|getinfo|getstatus)"  # Valve, Quake
    rb"|\xfe\xfd[\x00\x09]"  # GameSpy, Minecraft's query
    rb"|[\x01\x02].{8}\x00\xff\xff\x00\xfe\xfe\xfe\xfe\xfd\xfd\xfd\xfd"  # RakNet's ping
    rb"|\x21.{8}\xff{4}(?:gie|fst)"  # teeworlds 0.7
    rb"|(?:xe.{4}|\xff{6})\xff{4}(?:gie|fst)"  # teeworlds 0.6, DDNet
    rb"|\x00{5}\Z"  # Unity's SQP
    rb"|\Z"
)

# Classic BPF: (code, jump if true, jump if false, operand). Let pass what is for us (packet type
# 0), not from loopback (interface 1), and UDP: by the protocol of IPv4, the next header of IPv6.
_LOAD, _LOAD_BYTE, _JUMP_EQUAL, _RETURN, _AND = 0x20, 0x30, 0x15, 0x06, 0x54
_PACKET_TYPE, _INTERFACE = 0xFFFF_F004, 0xFFFF_F008
_UDP = 17
_FILTER = (
    (_LOAD, 0, 0, _PACKET_TYPE),
    (_JUMP_EQUAL, 0, 11, 0),
    (_LOAD, 0, 0, _INTERFACE),
    (_JUMP_EQUAL, 9, 0, 1),
    (_LOAD_BYTE, 0, 0, 0),
    (_AND, 0, 0, 0xF0),
    (_JUMP_EQUAL, 0, 2, 0x40),
    (_LOAD_BYTE, 0, 0, 9),
    (_JUMP_EQUAL, 3, 4, _UDP),
    (_JUMP_EQUAL, 0, 3, 0x60),
    (_LOAD_BYTE, 0, 0, 6),
    (_JUMP_EQUAL, 0, 1, _UDP),
    (_RETURN, 0, 0, HEAD_BYTES),
    (_RETURN, 0, 0, 0),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Some datagrams.

    Attributes:
        seen: how many were looked at.
        questions: how many of them only ask.
        steady: how many senders of others send on and on, at the last look, too.
    """

    seen: int
    questions: int
    steady: int


class Sniffer:
    """Looks into the first datagrams since the last look; it wakes nobody in between."""

    def __init__(self) -> None:
        """Open a packet socket.

        Raises:
            OSError: we may not (CAP_NET_RAW), or the kernel has none (gVisor).
        """
        kind = (socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._socket = socket.socket(*kind)
        try:
            self._socket.setblocking(False)  # noqa: FBT003 - its only argument
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._attach()
            self._drain()  # what came before there was a filter
        except OSError:
            self._socket.close()
            raise
        self._players: frozenset[tuple[bytes, bytes]] = frozenset()

    def close(self) -> None:
        """Look no more."""
        self._socket.close()

    def look(self, seconds: float) -> Sample:
        """Return what came since the last look, so many seconds ago."""
        players: Counter[tuple[bytes, bytes]] = Counter()
        seen = questions = 0
        with suppress(BlockingIOError):
            while seen < _MOST_PACKETS:
                peer, said = _parts(self._socket.recv(HEAD_BYTES))
                seen += 1
                if QUESTIONS.match(said):
                    questions += 1
                else:
                    players[peer] += 1
        least = STEADY * seconds
        there = frozenset(peer for peer, count in players.items() if count >= least)
        steady, self._players = len(there & self._players), there
        return Sample(seen, questions, steady)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            for _ in range(_MOST_PACKETS):
                self._socket.recv(1)

    def _attach(self) -> None:
        program = array.array("B", b"".join(struct.pack("=HBBI", *each) for each in _FILTER))
        address, _ = program.buffer_info()
        head = struct.pack("HP", len(_FILTER), address)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)


def _parts(packet: bytes) -> tuple[tuple[bytes, bytes], bytes]:
    """Return (address, port) of the sender, and the beginning of what was said."""
    if packet[0] >> 4 == 4:  # noqa: PLR2004 - IPv4
        at, address = (packet[0] & 0x0F) * 4, packet[12:16]
    else:
        at, address = 40, packet[8:24]
    return (address, packet[at : at + 2]), packet[at + 8 :]
