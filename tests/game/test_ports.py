"""Ports that real games have bound."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.core.events import Event, PortsChecked
from agent.game import ports, tree
from agent.game.ports import Declared, Look, PortProbe, look
from tests.fakes.proc import proc_of
from tests.waiting import until

GAME = str(Path(__file__).parents[1] / "games" / "binds.py")
ROOT = str(Path(__file__).parents[2])
NAMESPACE = ("unshare", "--map-root-user", "--net")
NOBODY = frozenset[int]()


class Game:
    """A game that has bound what its arguments ask for."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.pid = process.pid

    def next_port(self) -> int:
        assert self.process.stdout is not None
        return int(json.loads(self.process.stdout.readline()))

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@contextmanager
def game(*arguments: str, prefix: tuple[str, ...] = ()) -> Iterator[Game]:
    argv = [*prefix, sys.executable, "-S", GAME, *arguments]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Game(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


def names(checked: PortsChecked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return checked.bound, checked.missing


@pytest.mark.parametrize(
    ("spec", "protocol", "bound"),
    [
        ("udp:0.0.0.0:0", "UDP", True),
        ("udp:[::]:0", "UDP", True),
        ("udp:0.0.0.0:0", "TCP", False),
        ("udp:0.0.0.0:0", "TCP/UDP", True),
        ("udp:127.0.0.1:0", "UDP", False),
        ("udp:[::1]:0", "UDP", False),
        ("udp-connected:0.0.0.0:0", "UDP", False),
        ("tcp:0.0.0.0:0", "TCP", True),
        ("tcp:0.0.0.0:0", "TCP/UDP", True),
        ("tcp:0.0.0.0:0", "WS", True),
        ("tcp:0.0.0.0:0", "WSS", True),
        ("tcp:[::]:0", "HTTP", True),
        ("tcp:0.0.0.0:0", "HTTPS", True),
        ("tcp:0.0.0.0:0", "UDP", False),
        ("tcp:127.0.0.1:0", "TCP", False),
        ("tcp-closed:0.0.0.0:0", "TCP", False),
    ],
)
def test_bound_port_is_seen_as_its_protocol_asks(*, spec: str, protocol: str, bound: bool) -> None:
    with game(spec) as run:
        declared = Declared("gameport", run.next_port(), protocol)
        seen = look(run.pid, [declared], NOBODY)
    assert names(seen.checked) == ((("gameport",), ()) if bound else ((), ("gameport",)))
    assert seen.by_inode


def test_port_of_a_grandchild_counts() -> None:
    with game("child", "child", "udp:0.0.0.0:0") as run:
        declared = Declared("gameport", run.next_port(), "UDP")
        assert len(tree.descendants(run.pid)) == 3
        seen = look(run.pid, [declared], NOBODY)
    assert names(seen.checked) == (("gameport",), ())


def test_port_of_somebody_else_does_not_count() -> None:
    with game() as run, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("0.0.0.0", 0))
        seen = look(run.pid, [Declared("gameport", ours.getsockname()[1], "UDP")], NOBODY)
    assert names(seen.checked) == ((), ("gameport",))
    assert seen.by_inode


def test_port_that_we_hold_is_neither_bound_nor_missing() -> None:
    with game("udp:0.0.0.0:0") as run:
        number = run.next_port()
        declared = [Declared("gameport", number, "UDP"), Declared("ready", 9999, "TCP")]
        seen = look(run.pid, declared, frozenset({9999}))
    assert names(seen.checked) == (("gameport",), ())


def test_bound_ports_are_told_in_the_order_of_their_declaration() -> None:
    with game("udp:0.0.0.0:0", "tcp:0.0.0.0:0") as run:
        first, second = run.next_port(), run.next_port()
        declared = [
            Declared("b", second, "TCP"),
            Declared("c", 9, "TCP"),
            Declared("a", first, "UDP"),
        ]
        seen = look(run.pid, declared, NOBODY)
    assert names(seen.checked) == (("b", "a"), ("c",))


def test_without_declared_ports_those_below_the_ephemeral_range_are_named() -> None:
    """In a network namespace of its own: the numbers are free, /proc is read from there."""
    specs = ["udp:0.0.0.0:7777", "tcp:0.0.0.0:7778", "tcp:[::]:7778", "udp:0.0.0.0:8655"]
    with game(*specs, "udp:0.0.0.0:0", prefix=NAMESPACE) as run:
        for _ in range(5):
            run.next_port()
        seen = look(run.pid, [], frozenset({8655}))
    assert seen.checked == PortsChecked((), (), ("udp:7777", "tcp:7778"))


def test_declared_ports_are_looked_for_in_the_game_s_own_network_namespace() -> None:
    with game("udp:0.0.0.0:7777", prefix=NAMESPACE) as run:
        run.next_port()
        seen = look(run.pid, [Declared("gameport", 7777, "UDP")], NOBODY)
        assert names(seen.checked) == (("gameport",), ())
        assert names(look(os.getpid(), [Declared("x", 7777, "UDP")], NOBODY).checked)[0] == ()


def test_game_that_is_gone_has_bound_nothing() -> None:
    with game("udp:0.0.0.0:0") as run:
        declared = Declared("gameport", run.next_port(), "UDP")
    seen = look(run.pid, [declared], NOBODY)
    assert names(seen.checked) == ((), ("gameport",))


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to take its own capabilities away")
def test_descriptors_that_may_not_be_read_leave_the_tables_alone() -> None:
    """Without SYS_PTRACE the sockets cannot be told apart: said, not guessed."""
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r}); from agent.game.ports import *;"
        "seen = look(int(sys.argv[1]), [Declared('g', int(sys.argv[2]), 'UDP')], frozenset());"
        "print(seen.checked.bound, seen.by_inode)"
    )
    powerless = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    with game("udp:0.0.0.0:0") as run:
        numbers = [str(run.pid), str(run.next_port())]
        done = subprocess.run(
            [*powerless, sys.executable, "-c", code, *numbers],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "('g',) False\n"


GAMEPORT = Declared("gameport", 7777, "UDP")


@pytest.mark.parametrize(
    ("children", "fd", "bound", "by_inode"),
    [
        (True, "folder", True, True),
        (True, "gone", False, True),
        (True, "unreadable", True, False),
        (False, "folder", True, False),
    ],
)
def test_sockets_are_told_apart_where_the_kernel_lets_us(
    tmp_path: Path, *, children: bool, fd: str, bound: bool, by_inode: bool
) -> None:
    seen = look(7, [GAMEPORT], NOBODY, proc_of(tmp_path, children=children, fd=fd))
    assert bool(seen.checked.bound) is bound
    assert seen.by_inode is by_inode


@pytest.mark.parametrize("text", [None, "", "x y"])
def test_unreadable_ephemeral_range_is_the_kernel_s_default(
    tmp_path: Path, text: str | None
) -> None:
    proc = proc_of(tmp_path)
    folder = tmp_path / "sys/net/ipv4"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "ip_local_port_range").write_text(text)
    assert look(7, [], NOBODY, proc).checked.other == ("udp:7777",)


def test_range_that_begins_below_the_port_hides_it(tmp_path: Path) -> None:
    proc = proc_of(tmp_path)
    folder = tmp_path / "sys/net/ipv4"
    folder.mkdir(parents=True)
    (folder / "ip_local_port_range").write_text("1024\t65535\n")
    assert look(7, [], NOBODY, proc).checked.other == ()


class Watch:
    """A probe in logical time: it looks once for each allowed period."""

    def __init__(self, *looks: PortsChecked) -> None:
        self.posted: list[Event] = []
        self.looked_at: list[int] = []
        self.periods: list[float] = []
        self.idle = asyncio.Event()
        self.looks = list(looks)
        self.probe = PortProbe(
            post=self.posted.append,
            declared=[GAMEPORT],
            held=[9],
            wait=self._wait,
            look=self._look,
        )

    def _look(self, pid: int, declared: Iterable[Declared], held: frozenset[int]) -> Look:
        assert (tuple(declared), held) == ((GAMEPORT,), frozenset({9}))
        self.looked_at.append(pid)
        return Look(self.looks.pop(0), by_inode=True)

    async def _wait(self, turned: asyncio.Event, seconds: float) -> bool:
        self.periods.append(seconds)
        if self.looks:
            return False
        self.idle.set()
        return await turned.wait()


MISSING = PortsChecked((), ("gameport",))
BOUND = PortsChecked(("gameport",), ())


async def test_probe_looks_each_second_until_all_is_bound() -> None:
    watch = Watch(MISSING, MISSING, BOUND)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(watch.probe.run())
        watch.probe.watch(7)
        await asyncio.to_thread(until, lambda: len(watch.posted) == 2)
        running.cancel()
    assert watch.posted == [MISSING, BOUND]
    assert watch.periods == [1.0, 1.0]
    assert watch.looked_at == [7, 7, 7]
    assert watch.probe.by_inode


async def test_probe_that_rests_looks_no_more() -> None:
    watch = Watch(MISSING)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(watch.probe.run())
        watch.probe.watch(7)
        await watch.idle.wait()
        watch.probe.rest()
        for _ in range(5):
            await asyncio.to_thread(int)
        running.cancel()
    assert watch.looked_at == [7]


async def test_probe_looks_again_at_a_game_that_was_started_again() -> None:
    watch = Watch(MISSING)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(watch.probe.run())
        watch.probe.watch(7)
        await watch.idle.wait()
        watch.idle.clear()
        watch.looks.append(MISSING)
        watch.probe.watch(8)
        await watch.idle.wait()
        running.cancel()
    assert watch.looked_at == [7, 8]
    assert watch.posted == [MISSING, MISSING]


async def test_look_that_was_overtaken_is_not_told() -> None:
    watch = Watch(BOUND)
    probe = watch.probe

    def late(pid: int, declared: Iterable[Declared], held: frozenset[int]) -> Look:
        loop.call_soon_threadsafe(probe.rest)
        loop.call_soon_threadsafe(overtaken.set)
        return watch._look(pid, declared, held)

    loop, overtaken = asyncio.get_running_loop(), asyncio.Event()
    probe._look = late
    async with asyncio.TaskGroup() as group:
        running = group.create_task(probe.run())
        probe.watch(7)
        await overtaken.wait()
        for _ in range(3):
            await asyncio.to_thread(int)
        running.cancel()
    assert watch.posted == []


async def test_probe_sees_a_real_game_bind_its_port() -> None:
    """In real time, with nothing injected: bound a while after the start."""
    with game("udp:0.0.0.0:0", "then", "tcp:0.0.0.0:0") as run:
        number = run.next_port()
        posted: asyncio.Queue[Event] = asyncio.Queue()
        declared = [Declared("a", number, "UDP"), Declared("b", number, "TCP")]
        probe = PortProbe(post=posted.put_nowait, declared=declared)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(probe.run())
            probe.watch(run.pid)
            assert await asyncio.wait_for(posted.get(), 20) == PortsChecked(("a",), ("b",))
            run.go_on()
            second = await asyncio.to_thread(run.next_port)
            probe._declared = (declared[0], Declared("b", second, "TCP"))
            assert await asyncio.wait_for(posted.get(), 20) == PortsChecked(("a", "b"), ())
            running.cancel()


def test_probe_module_is_light() -> None:
    code = "import sys, agent.game.ports; print('aiohttp' in sys.modules, 'psutil' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "False False\n"
    assert ports.LOOK_SECONDS == 1.0


def test_port_that_somebody_else_holds_is_named_with_the_holder() -> None:
    with game("udp:0.0.0.0:0") as other, game() as run:
        number = other.next_port()
        wanted = [Declared("gameport", number, "UDP"), Declared("free", 9, "UDP")]
        checked = look(run.pid, wanted, NOBODY).checked
    assert names(checked) == ((), ("gameport", "free"))
    (line,) = checked.taken
    assert line.startswith(f"port gameport (UDP {number}) is held by 'python")
    assert f"(pid {other.pid})" in line


def test_holder_that_cannot_be_seen_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    unseen = tree.holder(frozenset({1}), tmp_path)
    assert unseen == "a process that can't be seen from here"
