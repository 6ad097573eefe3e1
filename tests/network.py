"""A network of its own for a container and those who play on it."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import until

SERVER = "10.77.0.1"
CLIENTS = Path(__file__).parent / "games" / "clients"

_CLONE_NEWNET = 0x4000_0000
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """The far end of the wire, where players sit."""

    def __init__(self, holder: int) -> None:
        self._holder = holder

    def play(self, client: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start one of tests/games/clients there; it plays until its standard input ends."""
        return subprocess.Popen(
            [
                *("nsenter", f"--net=/proc/{self._holder}/ns/net"),
                *(sys.executable, str(CLIENTS / client), SERVER, *arguments),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def playing(self, client: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """Have a client play for the length of the block."""
        with self.play(client, *arguments) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "playing\n"
                yield process
            finally:
                assert process.stdin is not None
                process.stdin.close()
                process.wait(30)


@contextmanager
def network() -> Iterator[Network]:
    """Put this thread, with all that it starts, into a network namespace with one wire."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if _libc.unshare(_CLONE_NEWNET) != 0:
        os.close(home)
        pytest.skip(f"no network namespace can be made: {os.strerror(ctypes.get_errno())}")
    with subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE) as holder:
        try:
            _wire(holder.pid)
            yield Network(holder.pid)
        finally:
            assert holder.stdin is not None
            holder.stdin.close()
            holder.wait(20)
            assert _libc.setns(home, _CLONE_NEWNET) == 0
            os.close(home)


def _wire(holder: int) -> None:
    ours = Path("/proc/thread-self/ns/net").readlink()
    theirs = Path(f"/proc/{holder}/ns/net")
    until(lambda: theirs.readlink() != ours, what="the other namespace")
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")  # no chatter of its own
    _ip("link set lo up")
    _ip(f"link add wire type veth peer name player netns {holder}")
    _ip(f"addr add {SERVER}/24 dev wire")
    _ip("link set wire up")
    there = ("nsenter", f"--net=/proc/{holder}/ns/net")
    _ip("addr add 10.77.0.2/24 dev player", *there)
    _ip("link set player addrgenmode none", *there)
    _ip("link set player up", *there)


def _ip(words: str, *prefix: str) -> None:
    subprocess.run([*prefix, "ip", *words.split()], check=True)
