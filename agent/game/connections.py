"""TCP connections that players hold to the game."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from .sockets import MAX_ROWS, Bound, is_loopback
from .tree import descendants, held_sockets, lists_children

LASTING_SECONDS = 5.0
"""A port scanner, a health check, a page of a status site are gone by then."""

_ESTABLISHED = b"01"
_LISTEN = b"0A"
_STATE, _LOCAL, _REMOTE, _INODE = 3, 1, 2, 9


class Peer(NamedTuple):
    """A connection, by what the kernel calls it."""

    port: int  # ours
    remote: str
    inode: int


@dataclass(frozen=True, slots=True)
class Tables:
    """What the tables of one network namespace show."""

    established: tuple[Peer, ...]
    listening: tuple[Bound, ...]


def read_tables(net: Path) -> Tables:
    """Return the TCP sockets beyond loopback, from a folder such as ``/proc/<pid>/net``."""
    established: list[Peer] = []
    listening: list[Bound] = []
    for name in ("tcp", "tcp6"):
        with suppress(OSError), (net / name).open("rb", buffering=65_536) as rows:
            for words in _rows(rows):
                port = int(words[_LOCAL].rpartition(b":")[2], 16)
                inode = int(words[_INODE])
                if words[_STATE] == _LISTEN:
                    listening.append(Bound("tcp", port, inode))
                else:
                    established.append(Peer(port, words[_REMOTE].decode("ascii"), inode))
    return Tables(tuple(established), tuple(listening))


class Connections:
    """Counts those that have stood for five seconds; it remembers when it first saw each."""

    def __init__(
        self, pid: int, ports: Iterable[int], held: Iterable[int], proc: Path = Path("/proc")
    ) -> None:
        """Look at one life of the game.

        Args:
            pid: the game's first process.
            ports: the declared TCP ports; none = whatever the game listens on.
            held: numbers that we hold ourselves.
            proc: where the kernel's files are.
        """
        self._pid = pid
        self._ports = frozenset(ports)
        self._held = frozenset(held)
        self._proc = proc
        self._since: dict[Peer, float] = {}

    def count(self, now: float) -> tuple[int, int]:
        """Return how many connections have stood for longer than five seconds, how many not."""
        tables = read_tables(self._proc / str(self._pid) / "net")
        listening = {each.port for each in tables.listening}
        ports = ((self._ports or listening) & listening) - self._held
        there = self._of_the_game([each for each in tables.established if each.port in ports])
        self._since = {peer: self._since.get(peer, now) for peer in there}
        lasting = sum(now - since > LASTING_SECONDS for since in self._since.values())
        return lasting, len(self._since) - lasting

    def _of_the_game(self, found: list[Peer]) -> list[Peer]:
        """Leave the game's own, as far as its descriptors can be read."""
        if not found:
            return []
        wanted = frozenset(each.inode for each in found)
        holds = held_sockets(descendants(self._pid, self._proc), wanted, self._proc)
        if not (holds.is_whole and lists_children(self._pid, self._proc)):
            return found
        return [each for each in found if each.inode in holds.inodes]


def _rows(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    for row in islice(rows, 1, MAX_ROWS):
        words = row.split()
        if len(words) <= _INODE or words[_STATE] not in (_ESTABLISHED, _LISTEN):
            continue
        end = words[_REMOTE if words[_STATE] == _ESTABLISHED else _LOCAL]
        if not is_loopback(end.rpartition(b":")[0].decode("ascii")):
            yield words
