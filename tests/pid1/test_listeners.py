import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.pid1.listeners import Listeners
from tests.pid1.stage import PLATFORM, game, stage


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def port_of(it: Listeners) -> int:
    return int(it.url.rpartition(":")[2])


def connect(port: int, host: str = "127.0.0.1") -> None:
    socket.create_connection((host, port), timeout=20).close()


def test_both_loopback_addresses_have_the_same_port() -> None:
    it = Listeners(0, "", set())
    addresses = [tuple(address) for address in it.addresses() if isinstance(address, list)]
    assert addresses[0] == ("127.0.0.1", port_of(it))
    assert addresses[1:] in ([("::1", port_of(it))], [])
    assert it.notices == []
    it.discard()


def test_port_that_is_taken_is_replaced_with_a_notice(taken: int) -> None:
    it = Listeners(taken, "", set())
    assert port_of(it) != taken
    assert it.notices == [
        f"cannot use AGENT_PORT={taken}: it is taken; {port_of(it)} is used, the game is told"
    ]
    it.discard()


def test_port_that_the_game_declares_is_left_to_it(taken: int) -> None:
    it = Listeners(taken, "", {taken})
    assert "the game declares it" in it.notices[0]
    it.discard()


def test_no_port_at_all_is_told_but_no_fault() -> None:
    it = Listeners(0, "", set(range(65_536)))
    assert (it.url, it.fds(), it.addresses()) == ("", [], [])
    assert "cannot listen for AGENT_PORT" in it.notices[0]
    it.discard()


def test_shut_listeners_refuse_and_keep_their_port_for_later() -> None:
    it = Listeners(0, "", set())
    port = port_of(it)
    for _ in range(3):
        connect(port)
        it.shut()
        it.shut()
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        it.reopen()
        it.reopen()
    connect(port)
    it.discard()


def test_unix_socket_is_ours_alone_through_a_reopening(tmp_path: Path) -> None:
    path = tmp_path / "a b.sock"
    it = Listeners(1, str(path), set())
    assert it.url == f"http+unix://{str(path).replace('/', '%2F').replace(' ', '%20')}"
    assert it.addresses() == [str(path)]
    for _ in range(2):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))
        it.shut()
        with socket.socket(socket.AF_UNIX) as caller, pytest.raises(ConnectionRefusedError):
            caller.connect(str(path))
        it.reopen()
    it.discard()
    it.discard()
    assert not path.exists()


def test_clients_that_know_no_unix_socket_are_served_beside_it(tmp_path: Path) -> None:
    it = Listeners(0, str(tmp_path / "agent.sock"), set(), needs_tcp=True)
    assert it.tcp_url == f"http://127.0.0.1:{it.port}"
    assert it.url.startswith("http+unix://")
    connect(it.port)
    it.shut()
    with pytest.raises(ConnectionRefusedError):
        connect(it.port)
    it.reopen()
    connect(it.port)
    assert len(it.fds()) == len(it.addresses())
    it.discard()


def test_socket_of_a_former_life_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "old.sock")
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(path)
    it = Listeners(0, path, set())
    assert it.notices == []
    it.discard()


def test_file_in_the_way_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    it = Listeners(0, str(path), set())
    assert it.url == ""
    assert "cannot listen on AGENT_SOCKET=" in it.notices[0]
    assert path.read_text() == "data"


def test_url_is_the_games_and_the_socket_the_agents(tmp_path: Path) -> None:
    path = str(tmp_path / "agent.sock")
    environ = {**PLATFORM, "AGENT_SOCKET": path}
    with stage("--", "sh", "-c", 'echo "$AGENT_URL $AGENT_SOCKET"; read x', environ=environ) as it:
        url = "http+unix://" + path.replace("/", "%2F")
        assert it.line() == f"{url} {path}"
        agent = it.agent()
        truth = agent.hello()
        assert truth["url"] == url
        unix, tcp = truth["listeners"][:2]
        assert unix == {"address": path, "fd": 7}
        assert tcp["address"][0] == "127.0.0.1"  # for the platform's own clients
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(path)
            with socket.socket(fileno=agent.fds.pop(4)) as listener:
                listener.accept()[0].close()


def test_agent_inherits_what_the_truth_names() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        agent = it.agent()
        truth = agent.hello()
        assert [each["fd"] for each in truth["listeners"]] == [7, 8][: len(agent.fds) - 4]
