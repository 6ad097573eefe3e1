"""The agent's end of the channel, against a scripted PID 1."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from agent.errors import LinkError
from agent.link import Link, Listener

TRUTH = {
    "is": "truth",
    "boot": "b1",
    "born": 10.0,
    "start": 2,
    "url": "http://127.0.0.1:8655",
    "listeners": [{"address": ["127.0.0.1", 8655], "fd": 6}, {"address": "/run/a", "fd": 7}],
    "game": {
        "pid": 41,
        "started_at": 10.1,
        "exit": None,
        "exited_at": None,
        "path": "./server",
        "folder": "/game",
        "home": "",
    },
    "term_at": None,
    "signalled": False,
    "grace": 5.0,
    "spool": "/var/tmp/spool",
    "secrets": {"ARBITRIUM_DELETE_TOKEN": "t"},
    "notices": ["one"],
}


_open: list[Link] = []


def link_of(fd: int) -> Link:
    _open.append(Link(fd))
    return _open[-1]


@pytest.fixture
def pid1() -> Iterator[tuple[socket.socket, int]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    yield ours, theirs.detach()
    ours.close()
    while _open:
        _open.pop().close()


def heard(peer: socket.socket) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(peer.recv(1 << 18))
    return answer


async def test_hello_is_answered_by_the_truth(pid1: tuple[socket.socket, int]) -> None:
    peer, fd = pid1
    link = link_of(fd)
    peer.send(json.dumps({"is": "term", "signum": 15, "at": 1.0}).encode())
    peer.send(json.dumps(TRUTH).encode())
    truth = await link.hello()
    assert heard(peer) == {"do": "hello"}
    assert (truth.boot, truth.game_pid, truth.start) == ("b1", 41, 2)
    assert truth.listeners == (Listener(("127.0.0.1", 8655), 6), Listener("/run/a", 7))
    assert truth.secrets == {"ARBITRIUM_DELETE_TOKEN": "t"}


async def test_secrets_are_not_in_the_truths_repr(pid1: tuple[socket.socket, int]) -> None:
    peer, fd = pid1
    secret = {"is": "truth", **TRUTH, "secrets": {"ARBITRIUM_DELETE_TOKEN": "s3cr3t-token"}}
    peer.send(json.dumps(secret).encode())
    assert "s3cr3t-token" not in repr(await link_of(fd).hello())


async def test_orders_arrive_whole_and_in_turn_when_pid_1_is_slow(
    pid1: tuple[socket.socket, int],
) -> None:
    peer, fd = pid1
    link = link_of(fd)
    for number in range(2000):
        link.order("write_stdin", text=f"{number} " + "x" * 500)
    seen = [await asyncio.to_thread(heard, peer) for _ in range(2000)]
    assert [int(each["text"].split()[0]) for each in seen] == list(range(2000))


async def test_closed_channel_ends_the_messages(pid1: tuple[socket.socket, int]) -> None:
    peer, fd = pid1
    link = link_of(fd)
    peer.send(b'{"is": "term", "signum": 15, "at": 1.0}')
    peer.close()
    assert [message["is"] async for message in link.messages()] == ["term"]
    link.order("leave", status=0, why="nobody hears it")
    with pytest.raises(LinkError, match="closed the channel"):
        await link.hello()


def test_no_channel_is_said_with_the_way_to_get_one(tmp_path: Any) -> None:
    fd = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    with pytest.raises(LinkError, match=r"entrypoint\.sh"):
        Link(fd)
    os.close(fd)
