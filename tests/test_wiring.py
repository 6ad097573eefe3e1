"""The rooms together, on a real channel, with the test as PID 1."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from agent import clock, journal, wiring
from agent.core.options import Options
from agent.core.phases import Phase
from agent.edgegap.environment import facts
from agent.link import Link, Truth
from agent.memory import Memory
from agent.pid1 import harden, wire
from agent.sealed import write_settings
from tests.fakes.selfstop_platform import TOKEN, Platform

BOOT = "0123456789abcdef"
QUICK = Options(drain=0.0, stop_timeout=20.0)


class PidOne:
    """Our end of the channel, with a listening socket for the agent's API."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.settimeout(0)
        self.channel = theirs.detach()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.memory = os.memfd_create("state")
        self.secrets: dict[str, str] = {}
        self.start = 1
        self.said: list[dict[str, Any]] = []

    def truth(self) -> dict[str, Any]:
        fd = os.dup(self.listener.fileno())
        now = clock.now()
        return {
            "is": "truth",
            "boot": BOOT,
            "born": now,
            "start": self.start,
            "url": self.url,
            "listeners": [{"address": list(self.listener.getsockname()), "fd": fd}],
            "game": {
                "pid": os.getpid(),
                "started_at": now,
                "exit": None,
                "exited_at": None,
                "path": "",
                "folder": "",
                "home": "",
            },
            "term_at": None,
            "signalled": False,
            "grace": 5.0,
            "spool": "",
            "secrets": self.secrets,
            "notices": [],
        }

    def tell(self, **message: object) -> None:
        self._ours.send(json.dumps(message).encode())

    async def heard(self, do: str) -> dict[str, Any]:
        """Wait for one order; those before it are kept in ``said``."""
        loop = asyncio.get_running_loop()
        while True:
            message = json.loads(await loop.sock_recv(self._ours, 1 << 18))
            self.said.append(message)
            if message["do"] == do:
                return dict(message)

    def close(self) -> None:
        self._ours.close()
        self.listener.close()
        os.close(self.memory)


@pytest.fixture
async def pid1() -> AsyncIterator[PidOne]:
    made = PidOne()
    yield made
    made.close()


@asynccontextmanager
async def serving(
    pid1: PidOne, environ: Mapping[str, str] | None = None, *, log_linger: float = 0.3
) -> AsyncIterator[None]:
    """Serve as the agent would, until PID 1 closes the channel."""
    link = Link(os.dup(pid1.channel))
    pid1.tell(**pid1.truth())
    truth = await link.hello()
    known = facts(environ or {})
    options = replace(QUICK, log_linger=log_linger, stop_timeout=7200.0)
    service = wiring.Service(options, link, truth, known, Memory(pid1.memory))
    running = asyncio.create_task(service.run())
    try:
        await pid1.heard("stop_plan")
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
        link.close()


async def asked(method: str, url: str, body: object = None) -> dict[str, Any]:
    """Call once, as a client of its own."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body) as answer,
    ):
        told: dict[str, Any] = await answer.json()
        assert answer.status == 200, told
        return told


async def test_game_plays_a_match_and_the_platform_is_told(pid1: PidOne) -> None:
    """Ready, players, match end, signal, exit, self-stop, SIGTERM, leave."""
    with Platform() as platform:
        pid1.secrets = {
            "ARBITRIUM_DELETE_URL": platform.url,
            "ARBITRIUM_DELETE_TOKEN": TOKEN,
        }
        async with serving(pid1):
            await asked("POST", pid1.url + "/v1/ready")
            await asked("POST", pid1.url + "/v1/match/end")
            assert (await pid1.heard("signal_game"))["signum"] == 15
            pid1.tell(**{"is": "game_exited", "pid": 1, "status": 0, "at": clock.now()})
            await pid1.heard("ack")
            status = await asked("GET", pid1.url + "/v1/status")
            while status["self_stop"]["state"] != "accepted":
                query = f"?after={status['revision']}&wait=20"
                status = await asked("GET", pid1.url + "/v1/status" + query)
            pid1.tell(**{"is": "term", "signum": 15, "at": clock.now()})
            assert (await pid1.heard("leave"))["status"] == 0
    assert any(each["do"] == "stopping" and each["report"] for each in pid1.said)


async def test_successor_goes_on_where_the_agent_stopped(pid1: PidOne) -> None:
    async with serving(pid1):
        await asked("PUT", pid1.url + "/v1/players", {"ids": ["ann"]})
    pid1.start = 2
    async with serving(pid1):
        status = await asked("GET", pid1.url + "/v1/status")
    assert status["players"]["ids"] == ["ann"]
    assert status["agent_starts"] == 2


async def test_declared_port_that_the_game_binds_makes_it_ready(pid1: PidOne) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        game.bind(("0.0.0.0", 0))
        port = game.getsockname()[1]
        mapping = {"ports": {"gameport": {"internal": port, "external": port, "protocol": "UDP"}}}
        declared = {"ARBITRIUM_PORTS_MAPPING": json.dumps(mapping)}
        async with serving(pid1, declared):
            status = await asked("GET", pid1.url + "/v1/status")
            while status["phase"] != "ready":
                query = f"?after={status['revision']}&wait=20"
                status = await asked("GET", pid1.url + "/v1/status" + query)
    assert status["ready_by"] == "ports"


async def test_truth_that_is_told_again_makes_good_a_lost_message(pid1: PidOne) -> None:
    """1. A game_exited was dropped. 2. PID 1 tells all of it again. 3. The stop begins."""
    pid1.secrets = {"ARBITRIUM_DELETE_URL": "http://127.0.0.1:9/v1/self/stop/a/1"}
    async with serving(pid1):
        told = pid1.truth()
        pid1.tell(**{**told, "game": {**told["game"], "exit": 0}})
        assert (await pid1.heard("stopping"))["reason"] == "game_exited"
        status = await asked("GET", pid1.url + "/v1/status")
    assert status["agent_starts"] == 1


async def test_empty_delete_url_is_none(pid1: PidOne) -> None:
    """As a compose file with ``ARBITRIUM_DELETE_URL=`` sets it on a laptop."""
    pid1.secrets = {"ARBITRIUM_DELETE_URL": "", "ARBITRIUM_DELETE_TOKEN": ""}
    async with serving(pid1):
        status = await asked("GET", pid1.url + "/v1/status")
    assert status["self_stop"]["state"] == "unavailable"


async def test_nobody_is_waited_for_where_no_platform_collects(pid1: PidOne) -> None:
    """The linger is the platform's collector's: elsewhere the game's exit is ours."""
    async with serving(pid1, log_linger=3600.0):
        pid1.tell(**{"is": "game_exited", "pid": 1, "status": 7 << 8, "at": 1.0})
        assert (await pid1.heard("leave"))["status"] == 7


def test_memory_of_another_boot_is_not_ours(pid1: PidOne) -> None:
    truth = _truth("f" * 16)
    memory = Memory(pid1.memory)
    other = wiring.recall(memory, _truth(BOOT), QUICK)
    assert other.boot_id == BOOT
    assert wiring.recall(Memory(pid1.memory), truth, QUICK).boot_id == "f" * 16


def test_memory_that_cannot_be_read_is_given_up(
    pid1: PidOne, caplog: pytest.LogCaptureFixture
) -> None:
    class Torn(Memory):
        def recall(self) -> Any:
            raise KeyError("NoSuchEvent")

    state = wiring.recall(Torn(pid1.memory), _truth(BOOT), QUICK)
    assert state.phase is Phase.STARTING
    assert "starting anew" in caplog.text


def test_main_serves_with_the_settings_that_were_handed_over(
    monkeypatch: pytest.MonkeyPatch, pid1: PidOne, caplog: pytest.LogCaptureFixture
) -> None:
    settings = os.memfd_create("settings", os.MFD_ALLOW_SEALING)
    degraded = ("AGENT_DRAIN=soon cannot be used",)
    write_settings(settings, Options(degraded=degraded, notices=("a notice",)))
    monkeypatch.setattr(wire, "SETTINGS", settings)
    monkeypatch.setattr(wire, "STATE", pid1.memory)
    monkeypatch.setattr(journal, "setup", lambda _: None)
    monkeypatch.setattr(harden, "hide", lambda: True)  # the test's own process stays open
    monkeypatch.setattr(wiring, "Link", lambda: Link(os.dup(pid1.channel)))
    pid1.tell(**pid1.truth())
    pid1._ours.shutdown(socket.SHUT_WR)
    with caplog.at_level("INFO"):
        assert wiring.main() == 0
    assert degraded[0] in caplog.text
    assert "serving the game at" in caplog.text
    os.close(settings)


def test_main_without_settings_becomes_configure(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []

    def become(_: str, words: list[str]) -> None:
        became.append(words)
        raise SystemExit(0)

    empty = os.memfd_create("settings")
    monkeypatch.setattr(wire, "SETTINGS", empty)
    monkeypatch.setattr(harden, "hide", lambda: True)
    monkeypatch.setattr(os, "execv", become)
    monkeypatch.setattr(sys, "argv", ["-c"])
    with pytest.raises(SystemExit):
        wiring.main()
    assert became[0][-1] == "agent.configure"
    os.close(empty)


def _truth(boot: str) -> Truth:
    return Truth(
        boot=boot,
        born=1.0,
        start=1,
        url="",
        listeners=(),
        game_pid=None,
        game_started_at=None,
        game_exit=None,
        term_at=None,
        secrets={},
        notices=(),
    )
