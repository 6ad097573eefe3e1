"""Asking game servers what they tell server browsers."""

import json
import socket
import subprocess

import a2s  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.game.a2s import query
from agent.game.a2swire import Assembly, Info, UnreadableError
from tests.fakes.a2s_responder import LIES, goldsource, parts, serving, source
from tests.tools import need

ARENA = Info("Arena", "de_dust", players=3, max_players=16, bots=1)
OLD = Info("Old Arena", "crossfire", players=5, max_players=32, bots=2)
SOON = 0.2  # seconds; of those who will never answer


@pytest.mark.parametrize(
    ("habits", "info"),
    [
        ((), ARENA),
        (("challenge",), ARENA),
        (("split",), ARENA),
        (("challenge", "shuffled"), ARENA),
        (("doubled",), ARENA),
        (("goldsource",), OLD),
        (("mod",), OLD),
    ],
)
async def test_server_is_understood_whatever_its_habits(
    habits: tuple[str, ...], info: Info
) -> None:
    with serving(*habits) as (port, _):
        assert await query(port) == info


@pytest.mark.parametrize("habit", ["half", "silent"])
async def test_answer_that_does_not_come_whole_is_unknown_in_time(habit: str) -> None:
    with serving(habit) as (port, _):
        assert await query(port, SOON) is None


@pytest.mark.parametrize("habit", ["packed", *(f"lie:{name}" for name in LIES)])
async def test_answer_that_cannot_be_read_is_unknown(habit: str) -> None:
    with serving(habit) as (port, _):
        assert await query(port) is None


async def test_server_that_only_challenges_is_asked_three_times() -> None:
    with serving("challenge-for-ever") as (port, server):
        assert await query(port) is None
        assert server.asked == 3


async def test_flood_of_parts_is_heard_to_a_bound() -> None:
    with serving("parts-for-ever") as (port, _):
        assert await query(port) is None


async def test_port_that_nobody_has_bound_is_unknown_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    assert await query(port, 60.0) is None


async def test_stranger_on_the_same_machine_is_not_heard() -> None:
    with serving("silent") as (port, server):
        answers = server.answers

        def listen(request: bytes) -> list[bytes]:
            asker = answers(request)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for each in _udp_peers_of(port):
                    stranger.sendto(source(players=0), ("127.0.0.1", each))
            return asker

        server.answers = listen  # type: ignore[method-assign]
        assert await query(port, SOON) is None


def _udp_peers_of(port: int) -> list[int]:
    """Return the local ports of the sockets that are connected to *port*."""
    with open("/proc/self/net/udp") as rows:  # noqa: PTH123 - one line
        words = [row.split() for row in list(rows)[1:]]
    return [int(each[1][-4:], 16) for each in words if int(each[2][-4:], 16) == port]


@pytest.mark.parametrize("answer", [source(), goldsource(), goldsource(is_mod=True)])
def test_answer_that_is_cut_is_refused_or_read_right(answer: bytes) -> None:
    whole = Assembly().take(answer)
    for length in range(len(answer)):
        try:
            assert Assembly().take(answer[:length]) == whole
        except UnreadableError:
            continue


def test_part_of_another_answer_is_not_mixed_in() -> None:
    assembly = Assembly()
    first, second = parts(source(), id_=1), parts(source(name="Other"), id_=2)
    assert assembly.take(first[0]) is assembly.take(second[0]) is assembly.take(second[1]) is None
    info = assembly.take(second[2])
    assert isinstance(info, Info)
    assert info.name == "Other"


@given(st.lists(st.binary(max_size=40).map(lambda tail: b"\xfe\xff\xff\xff" + tail), max_size=9))
def test_no_sequence_of_bytes_breaks_the_reader(datagrams: list[bytes]) -> None:
    assembly = Assembly()
    for datagram in datagrams:
        try:
            assembly.take(datagram)
            assembly.take(datagram.replace(b"\xfe", b"\xff"))
        except UnreadableError:
            continue


@pytest.mark.parametrize("habits", [(), ("challenge",), ("split",), ("challenge", "split")])
def test_our_responder_is_one_that_python_a2s_accepts(habits: tuple[str, ...]) -> None:
    with serving(*habits) as (port, _):
        info = a2s.info(("127.0.0.1", port), timeout=20.0)
    assert (info.server_name, info.player_count, info.max_players) == ("Arena", 3, 16)


def test_our_responder_is_one_that_gamedig_accepts() -> None:
    gamedig = need("gamedig", package="gamedig by npm")
    with serving("challenge") as (port, _):
        answer = subprocess.run(
            [gamedig, "--type", "protocol-valve", "--host", "127.0.0.1", "--port", str(port)],
            capture_output=True,
            check=True,
            timeout=60,
        )
    info = json.loads(answer.stdout)
    assert (info["name"], info["numplayers"], info["maxplayers"]) == ("Arena", 3, 16)
