"""A port that nobody has bound, nor gets by chance."""

import os
import socket
from itertools import count

_LOWEST, _ROOM = 20_000, 10_000  # below what the kernel chooses from
_numbers = count(os.getpid() * 37)


def free_port() -> int:
    """Return a number that is free for TCP and UDP; no second call returns it soon."""
    while True:
        port = _LOWEST + next(_numbers) % _ROOM
        if all(_is_free(kind, port) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return port


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as one:
        try:
            one.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True
