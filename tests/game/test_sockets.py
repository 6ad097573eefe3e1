"""The kernel's tables of sockets."""

import sys
from pathlib import Path

import pytest

from agent.game import sockets
from agent.game.sockets import Bound, parse, read_bound

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
REST = "00000000:00000000 00:00000000 00000000     0        0 1678 1 000000007427c86b 100 0 0 10 0"


def word(*numbers: int) -> str:
    """Print four bytes as this machine's kernel does."""
    return f"{int.from_bytes(bytes(numbers), sys.byteorder):08X}"


ANY = word(0, 0, 0, 0)
LOOP = word(127, 0, 0, 1)
LAN = word(192, 168, 1, 7)
ANY6 = ANY * 4
LOOP6 = ANY * 3 + word(0, 0, 0, 1)
MAPPED = ANY * 2 + word(0, 0, 255, 255)


def table(*rows: tuple[str, str]) -> list[bytes]:
    lines = [
        f"   {at}: {local} 00000000:0000 {state} {REST}" for at, (local, state) in enumerate(rows)
    ]
    return [f"{line}\n".encode() for line in (HEAD, *lines)]


@pytest.mark.parametrize("address", [ANY, LAN, ANY6, MAPPED + LAN, ANY * 3 + word(0, 0, 0, 2)])
def test_socket_that_is_reachable_is_bound(address: str) -> None:
    assert list(parse("tcp", table((f"{address}:1E61", "0A")))) == [Bound("tcp", 7777, 1678)]


@pytest.mark.parametrize("address", [LOOP, word(127, 9, 9, 9), LOOP6, MAPPED + LOOP])
def test_loopback_only_is_not_bound(address: str) -> None:
    assert list(parse("udp", table((f"{address}:1E61", "07")))) == []


@pytest.mark.parametrize("state", ["01", "02", "06", "07", "08"])
def test_tcp_counts_only_while_it_listens(state: str) -> None:
    assert list(parse("tcp", table((f"{ANY}:1E61", state)))) == []


def test_reading_ends_at_the_first_connection_because_listeners_come_first() -> None:
    rows = iter(table((f"{ANY}:1E61", "0A"), (f"{LAN}:1E61", "01"), (f"{LAN}:1E61", "01")))
    assert list(parse("tcp", rows)) == [Bound("tcp", 7777, 1678)]
    assert len(list(rows)) == 1


def test_udp_counts_only_while_it_hears_everybody() -> None:
    rows = table((f"{ANY}:1E61", "07"), (f"{ANY}:1E62", "01"))
    assert list(parse("udp", rows)) == [Bound("udp", 7777, 1678)]


@pytest.mark.parametrize("rows", [[], [b"\n"], [HEAD.encode()], [b"head\n", b"  0: torn", b"\n"]])
def test_table_without_whole_rows_is_empty(rows: list[bytes]) -> None:
    assert list(parse("tcp", rows)) == []


def test_only_the_tables_that_matter_are_read(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_bytes(b"".join(table((f"{ANY}:1E61", "0A"))))
    (tmp_path / "udp6").write_bytes(b"".join(table((f"{ANY6}:1E61", "07"))))
    assert read_bound(tmp_path) == [Bound("tcp", 7777, 1678), Bound("udp", 7777, 1678)]
    assert read_bound(tmp_path, ["udp"]) == [Bound("udp", 7777, 1678)]


def test_reading_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MAX_ROWS", 5)
    assert len(list(parse("udp", table(*[(f"{ANY}:1E61", "07")] * 9)))) == 4


def test_process_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bound(tmp_path / "net")
