"""Packets that come in: a player's, a browser's questions, our own, those of nobody."""

import os
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.events import PlayersCounted
from agent.game import trafficwatch
from agent.game.sniffing import QUESTIONS, Sample, Sniffer, _parts
from agent.game.traffic import Counters, Verdict, is_shared, judge, read_counters
from agent.game.trafficwatch import TrafficWatch
from tests.network import Network, network
from tests.tools import need

ME = os.getpid()
NONE = Counters(0, 0, 0, {})
SOMEBODY, NOBODY, UNKNOWN = Verdict(True, False), Verdict(False, True), Verdict(False, False)


@pytest.fixture(scope="module")
def wire() -> Iterator[Network]:
    need("ip", package="iproute2")
    with network() as made:
        yield made


@pytest.mark.parametrize(
    ("after", "sample", "says"),
    [
        (Counters(19, 19, 0, {}), None, NOBODY),
        (Counters(20, 20, 0, {}), None, SOMEBODY),
        (Counters(20, 0, 0, {}), None, UNKNOWN),  # TCP, or a scan of other ports
        (Counters(0, 500, 0, {}), None, NOBODY),  # the game talks to itself over loopback
        (Counters(500, 5, 490, {}), None, NOBODY),  # answers that found nobody any more
        (Counters(500, 0, 0, {7: 490}), None, NOBODY),  # acknowledgements from a log store
        (Counters(100, 100, 0, {}), Sample(50, 50, 0), NOBODY),  # all of it questions
        (Counters(100, 100, 0, {}), Sample(50, 45, 0), NOBODY),
        (Counters(100, 100, 0, {}), Sample(50, 25, 2), replace(SOMEBODY, peers=2)),
        (Counters(100, 100, 0, {}), Sample(0, 0, 0), SOMEBODY),
        (Counters(10, 10, 0, {}), Sample(10, 0, 1), replace(SOMEBODY, peers=1)),  # a quiet game
    ],
)
def test_ten_seconds_say(after: Counters, sample: Sample | None, says: Verdict) -> None:
    assert judge(NONE, after, 10.0, sample) == says


def test_own_connection_that_was_there_before_counts_by_what_is_new() -> None:
    before, after = Counters(0, 0, 0, {7: 400, 8: 5}), Counters(500, 0, 0, {7: 500})
    assert judge(before, after, 10.0, None) == UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xff\xff\xffTSource Engine Query\0",
        b"\xff\xff\xff\xffU\xff\xff\xff\xff",
        b"\xff\xff\xff\xffgetstatus\n",
        b"\xfe\xfd\x00\0\0\0\1\0\0\0\0",
        b"\x01" + bytes(8) + bytes.fromhex("00ffff00fefefefefdfdfdfd12345678") + bytes(8),
        b"\x21" + bytes(8) + b"\xff\xff\xff\xffgie3\0",
        b"xe\0\0\0\0\xff\xff\xff\xffgie3\0",
        b"\xff" * 10 + b"fstd\0",
        bytes(5),
        b"",
    ],
)
def test_question_is_known(said: bytes) -> None:
    assert QUESTIONS.match(said)


@pytest.mark.parametrize(
    "said",
    [
        b"\x10\0\0\x01\x02\x03\x04input",
        b"\xff\xff\xff\xffconnect",
        b"\x04\0\0\xff\xff\xff\xff\x05",
        b"\n",
    ],
)
def test_word_of_a_player_is_no_question(said: bytes) -> None:
    assert not QUESTIONS.match(said)


def test_sender_is_told_by_address_and_port_in_both_versions_of_ip() -> None:
    udp = struct.pack(">HHHH", 4321, 7777, 12, 0) + b"word"
    four = b"\x46" + bytes(11) + b"\x0a\x4d\x00\x02" + bytes(8)
    six = b"\x60" + bytes(7) + bytes(range(16)) + bytes(16)
    assert _parts(four + udp) == ((b"\x0a\x4d\x00\x02", b"\x10\xe1"), b"word")
    assert _parts(six + udp) == ((bytes(range(16)), b"\x10\xe1"), b"word")


@contextmanager
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        game.bind(("0.0.0.0", 0))
        game.settimeout(20)
        yield game


def take(game: socket.socket, count: int) -> None:
    for _ in range(count):
        game.recv(2048)


def word_of(seen: PlayersCounted | None) -> tuple[int | None, bool]:
    assert seen is not None
    return seen.count, seen.crowd


@pytest.mark.parametrize("peers", [1, 0])
def test_player_is_somebody_and_silence_is_nobody(
    wire: Network, monkeypatch: pytest.MonkeyPatch, peers: int
) -> None:
    if not peers:  # no datagram may be looked into
        monkeypatch.setattr(trafficwatch, "Sniffer", _refused)
    with closing(TrafficWatch(ME)) as watch, server() as game:
        assert watch.look(0.0) is None
        with wire.playing("datagrams.py", str(game.getsockname()[1]), "0011"):
            take(game, 5)
            assert word_of(watch.look(1.0)) == (0, True)
            take(game, 5)
            assert word_of(watch.look(2.0)) == (peers, True)  # one who was there before
        while select.select([game], [], [], 0)[0]:
            game.recv(2048)
        watch.look(3.0)
        assert word_of(watch.look(4.0)) == (0, False)


def test_questions_are_no_players_where_datagrams_can_be_looked_into(wire: Network) -> None:
    with (
        closing(TrafficWatch(ME)) as watch,
        server() as game,
        wire.playing("pings.py", str(game.getsockname()[1])),
    ):
        watch.look(0.0)
        take(game, 12)
        assert word_of(watch.look(1.0)) == (0, False)


@pytest.mark.usefixtures("wire")
def test_datagrams_over_loopback_are_not_looked_into() -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with closing(Sniffer()) as sniffer, server() as game, udp as other:
        other.sendto(b"hello", ("127.0.0.1", game.getsockname()[1]))
        take(game, 1)
        assert sniffer.look(1.0).seen == 0


def test_kernel_without_packet_sockets_leaves_the_counters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Sniffer, "_attach", _refused)
    watch = TrafficWatch(7, tmp_path)
    assert watch._sniffer is None
    watch.close()


def test_own_connections_are_left_out(wire: Network) -> None:
    """Those of this process, beyond loopback: here a client's, which counts as ours."""
    with socket.create_server(("0.0.0.0", 0)) as listening:
        number = str(listening.getsockname()[1])
        with wire.playing("connection.py", number, "00" * 30_000):
            before = read_counters(ME)
            accepted, _ = listening.accept()
            with accepted:
                left = 30_000
                while left:
                    left -= len(accepted.recv(left))
                after = read_counters(ME)
                assert after.packets - before.packets < 100
                assert sum(after.own.values()) >= 20
                assert judge(before, after, 1.0, None).nobody


def test_game_that_is_gone_is_a_failed_look(tmp_path: Path) -> None:
    with closing(TrafficWatch(7, tmp_path)) as watch:
        seen = watch.look(1.0)
    assert word_of(seen) == (None, False)
    assert seen is not None
    assert "cannot read the kernel's counters" in seen.note


def test_traffic_that_is_not_players_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks = iter([NONE, Counters(100, 0, 0, {})])
    monkeypatch.setattr(trafficwatch, "read_counters", lambda *_: next(looks))
    with closing(TrafficWatch(7, tmp_path)) as watch:
        watch.look(0.0)
        assert word_of(watch.look(10.0)) == (None, False)


@pytest.mark.usefixtures("wire")
def test_network_of_the_machine_is_told_from_one_of_our_own(tmp_path: Path) -> None:
    assert not is_shared()
    (tmp_path / "sys/net/core").mkdir(parents=True)
    (tmp_path / "sys/net/core/netdev_max_backlog").write_text("1000")
    assert is_shared(tmp_path)


def _refused(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")
