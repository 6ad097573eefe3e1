"""A look at real processes, and what is made of it where no cgroup is our own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.usage import NetworkUsage
from agent.game.usage import Meter, read_network

BUSY = "import sys; sum(range(3_000_000)); print('done', flush=True); sys.stdin.read()"


@pytest.fixture
def game() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


class Watch:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_game_agent_and_init_are_told_apart(game: "subprocess.Popen[str]") -> None:
    look = Meter(now=Watch(), game_pid=lambda: game.pid).look()
    assert list(look.parts) == ["game", "agent", "init"]
    playing = look.parts["game"]
    assert playing.cpu_seconds > 0
    assert playing.memory_bytes > 1 << 20
    assert (playing.processes, playing.threads) == (1, 1)
    assert playing.descriptors is not None
    assert playing.descriptors >= 3


def test_clock_goes_on_when_the_process_has_ended(game: "subprocess.Popen[str]") -> None:
    watch = Watch()
    meter = Meter(now=watch, game_pid=lambda: game.pid)
    spent = meter.look().parts["game"].cpu_seconds
    game.kill()
    game.wait()
    watch.time += 60
    gone = meter.look().parts["game"]
    assert (gone.cpu_seconds, gone.processes, gone.memory_bytes) == (spent, 0, 0)


def test_no_game_is_no_figure() -> None:
    assert list(Meter(now=Watch(), game_pid=lambda: None).look().parts) == ["agent", "init"]


def test_who_asks_often_gets_the_last_look() -> None:
    watch = Watch()
    meter = Meter(now=watch, game_pid=lambda: None)
    first = meter.look()
    watch.time += 0.9
    assert meter.look() is first
    watch.time += 0.2
    assert meter.look() is not first


def test_processes_are_added_up_where_no_cgroup_is_ours(tmp_path: Path) -> None:
    (tmp_path / "proc").symlink_to("/proc")
    look = Meter(now=Watch(), game_pid=lambda: None, root=tmp_path).look()
    assert look.container.source == "processes"
    assert look.container.memory_bytes == sum(part.memory_bytes for part in look.parts.values())
    assert (look.container.processes, look.container.memory_limit) == (2, None)


def test_descriptors_of_another_user_are_not_told(
    game: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(os, "listdir", refuse)
    look = Meter(now=Watch(), game_pid=lambda: game.pid).look()
    assert look.parts["game"].descriptors is None
    assert look.parts["game"].threads == 1


def test_loopback_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "self/net").mkdir(parents=True)
    row = "{0}: {1} 2 0 0 0 0 0 0 {1} 3 0 0 0 0 0 0"
    text = "\n".join(["Inter-| Receive", " face |bytes", row.format("lo", 900)])
    text += "\n" + "\n".join([row.format("eth0", 100), row.format("eth1", 10), "bad: 1"])
    (tmp_path / "self/net/dev").write_text(text)
    assert read_network(tmp_path) == NetworkUsage(110, 4, 110, 6)
    assert read_network(tmp_path / "nowhere") is None
