"""A server that answers A2S_INFO: honestly, late, in parts, or not at all as it should.

As a program, ``a2s_responder.py PORT [HABIT ...]``, it is a game that other browsers see.
"""

import os
import socket
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

WHOLE = b"\xff\xff\xff\xff"
QUESTION = WHOLE + b"TSource Engine Query\x00"
TOKEN = b"\x12\x34\x56\x78"
SPLIT_ID = 0x2A


def source(name: str = "Arena", players: int = 3, most: int = 16, bots: int = 1) -> bytes:
    texts = b"\x00".join(text.encode() for text in (name, "de_dust", "arena", "Arena Game"))
    numbers = struct.pack("<HBBB", 440, players, most, bots)
    return WHOLE + b"I\x11" + texts + b"\x00" + numbers + b"dl\x00\x01" + b"1.0\x00" + b"\x00"


def goldsource(*, is_mod: bool = False) -> bytes:
    texts = b"\x00".join([b"127.0.0.1:27015", b"Old Arena", b"crossfire", b"valve", b"Half-Life"])
    mod = b"\x01http://a\x00http://b\x00\x00" + bytes(10) if is_mod else b"\x00"
    return WHOLE + b"m" + texts + b"\x00" + bytes([5, 32, 47]) + b"dl\x00" + mod + b"\x00\x02"


def parts(answer: bytes, count: int = 3, id_: int = SPLIT_ID) -> list[bytes]:
    size = -(-len(answer) // count)
    return [
        struct.pack("<iiBBH", -2, id_, count, at, size) + answer[at * size : (at + 1) * size]
        for at in range(count)
    ]


def packed(answer: bytes) -> list[bytes]:
    import bz2

    data = struct.pack("<iI", len(answer), zlib.crc32(answer)) + bz2.compress(answer)
    return parts(data, 2, id_=SPLIT_ID - (1 << 31))


LIES = {
    "nothing": b"",
    "no header": b"hello",
    "an unknown kind": WHOLE + b"Z",
    "another kind": WHOLE + b"D\x00",
    "a lone header": WHOLE,
    "a short challenge": WHOLE + b"A\x01",
    "no end of a text": WHOLE + b"I\x11" + b"x" * 900,
    "a lone part header": parts(source())[0][:12],
    "part 3 of 3": struct.pack("<iiBBH", -2, 1, 3, 3, 10) + b"x",
    "one of no parts": struct.pack("<iiBBH", -2, 1, 0, 0, 10) + b"x",
    "one of 255 parts": struct.pack("<iiBBH", -2, 1, 255, 0, 10) + b"x",
    "parts of nothing": struct.pack("<iiBBH", -2, 1, 1, 0, 60) + b"x" * 60,
}


class Server:
    """What it answers, by its habits.

    Habits: ``challenge``, ``challenge-for-ever``, ``split``, ``shuffled``, ``doubled``,
    ``packed``, ``cut``, ``silent``, ``lie:NAME``, ``half`` (a part is never sent),
    ``parts-for-ever``, ``goldsource``, ``mod``, ``players:N``, ``bots:N``.
    """

    def __init__(self, *habits: str) -> None:
        self.habits: dict[str, str] = {}
        for each in habits:
            habit, _, value = each.partition(":")
            self.habits[habit] = value
        self.asked = 0

    def players(self, count: int) -> None:
        self.habits["players"] = str(count)

    def answers(self, request: bytes) -> list[bytes]:
        if not request.startswith(QUESTION):
            return []
        self.asked += 1
        habits, token = self.habits, request.removeprefix(QUESTION)
        if "silent" in habits:
            return []
        if "challenge-for-ever" in habits or ("challenge" in habits and token != TOKEN):
            return [WHOLE + b"A" + TOKEN]
        if "parts-for-ever" in habits:
            return [parts(source(), 4, id_=at)[0] for at in range(200)]
        if "lie" in habits:
            return [LIES[habits["lie"]]]
        return self._true()

    def _true(self) -> list[bytes]:
        habits = self.habits
        answer = source(players=int(habits.get("players", 3)), bots=int(habits.get("bots", 1)))
        if "goldsource" in habits or "mod" in habits:
            answer = goldsource(is_mod="mod" in habits)
        if "cut" in habits:
            answer = answer[: int(habits["cut"])]
        if "packed" in habits:
            return packed(answer)
        sent = (
            parts(answer) if {"split", "shuffled", "doubled", "half"} & set(habits) else [answer]
        )
        if "shuffled" in habits:
            sent.reverse()
        if "doubled" in habits:
            sent = [part for part in sent for _ in "12"]
        return sent[1:] if "half" in habits else sent

    def serve(self, one: socket.socket) -> None:
        """Answer until an empty datagram comes."""
        while True:
            request, peer = one.recvfrom(2048)
            if not request:
                return
            for answer in self.answers(request):
                one.sendto(answer, peer)


@contextmanager
def serving(*habits: str) -> Iterator[tuple[int, Server]]:
    """Serve on a free port of loopback for the length of the block."""
    server = Server(*habits)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        thread = Thread(target=server.serve, args=(one,))
        thread.start()
        try:
            yield one.getsockname()[1], server
        finally:
            one.sendto(b"", one.getsockname())
            thread.join()


def main() -> None:
    """Be a game that binds the port everywhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("0.0.0.0", int(sys.argv[1])))
        os.write(1, b"serving\n")
        Server(*sys.argv[2:]).serve(one)


if __name__ == "__main__":
    main()
