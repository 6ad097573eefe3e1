"""The ready port is bound from the start, closed to everybody, handed to each agent."""

import json
import socket

import pytest

from agent.pid1.readyport import ReadyPort
from tests.freeport import free_port

from .stage import clean_environ, game, stage


def refuses(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def test_each_agent_inherits_the_port_that_refuses() -> None:
    port = free_port()
    environ = clean_environ(AGENT_READY_PORT="ready", ARBITRIUM_PORT_READY_INTERNAL=str(port))
    with stage(*game("talker"), environ=environ) as play:
        first = play.agent()
        door = first.hello()["faces"]["ready"]
        assert {tuple(each["address"]) for each in door} == {("0.0.0.0", port), ("::", port)}
        assert refuses(port)
        first.end(1)
        second = play.agent()
        assert second.hello()["faces"]["ready"] == door
        assert refuses(port)


@pytest.mark.parametrize("how", ["number", "variable", "mapping"])
def test_port_is_found_by_its_name_or_number(how: str) -> None:
    port = free_port()
    mapping = json.dumps({"ports": {"ready": {"internal": port}}})
    environ = {
        "number": {},
        "variable": {"ARBITRIUM_PORT_READY_INTERNAL": str(port)},
        "mapping": {"ARBITRIUM_PORTS_MAPPING": mapping},
    }[how]
    opened = ReadyPort(str(port) if how == "number" else "ready", environ)
    assert {address[1] for address in opened.addresses()} == {port}  # type: ignore[index]
    assert opened.notices == []
    opened.discard()
    assert opened.fds() == []


@pytest.mark.parametrize("wanted", ["redy", "0", "70000"])
def test_port_that_is_not_declared_is_told(wanted: str) -> None:
    opened = ReadyPort(wanted, {"ARBITRIUM_PORT_READY_INTERNAL": "9123"})
    assert opened.fds() == []
    (notice,) = opened.notices
    assert notice.startswith(f"cannot open AGENT_READY_PORT={wanted}: no such port is declared")


def test_port_that_is_taken_is_told() -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:
        port = other.getsockname()[1]
        opened = ReadyPort(str(port), {})
    assert opened.fds() == []
    (notice,) = opened.notices
    assert notice.startswith(f"cannot open AGENT_READY_PORT={port}: port {port}: Address already")
