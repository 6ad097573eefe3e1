"""TCP connections to the game: real ones, over a wire, held for longer than a scan."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.game.connections import Connections, read_tables
from tests.network import Network, network
from tests.tools import need
from tests.waiting import until

ME = os.getpid()


@pytest.fixture(scope="module")
def wire() -> Iterator[Network]:
    need("ip", package="iproute2")
    with network() as made:
        yield made


@pytest.fixture
def game(wire: Network) -> Iterator[socket.socket]:  # noqa: ARG001 - it listens there
    with socket.create_server(("0.0.0.0", 0)) as listening:
        yield listening


def port(game: socket.socket) -> int:
    return int(game.getsockname()[1])


@contextmanager
def player(wire: Network, game: socket.socket) -> Iterator[socket.socket]:
    with wire.playing("connection.py", str(port(game))):
        accepted, _ = game.accept()
        with accepted:
            yield accepted


def test_connection_counts_once_it_has_stood_for_five_seconds(
    wire: Network, game: socket.socket
) -> None:
    looking = Connections(ME, [port(game)], ())
    with player(wire, game):
        assert looking.count(100.0) == (0, 1)
        assert looking.count(105.0) == (0, 1)
        assert looking.count(105.1) == (1, 0)
        with player(wire, game):
            assert looking.count(106.0) == (1, 1)
        until(lambda: looking.count(107.0) == (1, 0), what="the second one's end")
    until(lambda: looking.count(108.0) == (0, 0), what="the first one's end")


def test_whatever_the_game_listens_on_counts_where_nothing_is_declared(
    wire: Network, game: socket.socket
) -> None:
    with player(wire, game):
        assert Connections(ME, (), ()).count(1.0) == (0, 1)


def test_our_own_ports_other_ports_and_loopback_do_not_count(
    wire: Network, game: socket.socket
) -> None:
    with player(wire, game):
        assert Connections(ME, (), [port(game)]).count(1.0) == (0, 0)
        assert Connections(ME, [1], ()).count(1.0) == (0, 0)
    with socket.create_connection(("127.0.0.1", port(game))):
        assert Connections(ME, [port(game)], ()).count(1.0) == (0, 0)


def test_somebody_elses_connection_does_not_count(wire: Network, game: socket.socket) -> None:
    with (
        player(wire, game),
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger,
    ):
        assert Connections(stranger.pid, [port(game)], ()).count(1.0) == (0, 0)
        assert stranger.stdin is not None
        stranger.stdin.close()


def test_descriptors_that_cannot_be_read_leave_the_tables_alone(tmp_path: Path) -> None:
    (tmp_path / "7" / "net").mkdir(parents=True)
    rows = "head\n" + "".join(
        f"{at}: 0101A8C0:1F90 {remote} {state} 0:0 0:0 0 0 0 {at} 1\n"
        for at, (remote, state) in enumerate(
            [("00000000:0000", "0A"), ("0201A8C0:C350", "01"), ("0301A8C0:C351", "06")], 5
        )
    )
    (tmp_path / "7" / "net" / "tcp").write_text(f"{rows}9: short\n")
    assert Connections(7, [8080], (), tmp_path).count(1.0) == (0, 1)
    assert [each.inode for each in read_tables(tmp_path / "7" / "net").established] == [6]


def test_game_that_is_gone_has_no_connections(tmp_path: Path) -> None:
    assert Connections(7, [8080], (), tmp_path).count(1.0) == (0, 0)
