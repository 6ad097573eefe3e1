"""Who is looked at, who is not, when nobody looks at all."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent import clock
from agent.core import events as e
from agent.core.snapshot import Status
from agent.game.a2swire import Info
from agent.game.ports import Declared
from agent.game.watch import PlayerWatch
from agent.interfaces import OutputLine
from tests.fakes.a2s_responder import serving

from ..core.life import Life

UDP, TCP = Declared("game", 7777, "UDP"), Declared("web", 8080, "WS")
QUICK: dict[str, object] = {"players_period": 0.01}


class Desk:
    """A life that facts are handed in to."""

    def __init__(self, **options: object) -> None:
        self.life = Life.ready(**QUICK, **options)
        self.posted: list[e.Event] = []
        self._news = asyncio.Event()

    def status(self) -> Status:
        return self.life.status

    def post(self, event: e.Event) -> Status:
        self.posted.append(event)
        self.life.at(clock.now(), event)
        news, self._news = self._news, asyncio.Event()
        news.set()
        return self.life.status

    async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ASYNC109 - as asked for
        assert timeout is None
        while self.life.state.revision <= after:
            await self._news.wait()
        return self.life.status

    async def until(self, *wanted: e.Event) -> None:
        """Wait until all these were posted."""
        async with asyncio.timeout(20):
            while not all(each in self.posted for each in wanted):
                await self._news.wait()


def info(players: int, most: int, *, bots: int = 0) -> Info:
    return Info("a server", "arena", players, most, bots)


@dataclass
class Server:
    """Answers what it is told to, counts who asks."""

    answer: Info | None = None
    asked: list[int] = field(default_factory=list)

    async def query(self, port: int, seconds: float) -> Info | None:
        assert seconds > 0
        self.asked.append(port)
        return self.answer


class Lines:
    is_readable = True

    async def lines(self, after: Mapping[str, int], /) -> AsyncGenerator[OutputLine, None]:
        yield OutputLine("stdout", after["stdout"] + 9, "[KCP] Server: OnConnected(1)")
        await asyncio.Event().wait()


async def some_looks() -> None:
    """Wait for the time of several looks."""
    await clock.wait(asyncio.Event(), 0.2)


@asynccontextmanager
async def watched(
    desk: Desk, *declared: Declared, server: Server | None = None, proc: Path = Path("/proc")
) -> AsyncIterator[None]:
    watch = PlayerWatch(
        desk.life.options,
        declared,
        desk=desk,
        lines=Lines(),
        read={"stdout": 30},
        held=(8655,),
        query=(server or Server()).query,
        proc=proc,
    )
    running = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A /proc of a network of our own in which nothing comes in."""
    net = tmp_path / "7" / "net"
    net.mkdir(parents=True)
    (net / "dev").write_text("head\nhead\n lo: 5 5\n eth0: 1000 10 0\n")
    rows = "Udp: InDatagrams NoPorts\nUdp: 1 0\nIcmp: InMsgs\nIcmp: 0\n"
    (net / "snmp").write_text(rows)
    return tmp_path


@pytest.fixture
def shared(alone: Path) -> Path:
    (alone / "sys/net/core").mkdir(parents=True)
    (alone / "sys/net/core/netdev_max_backlog").write_text("1000")
    return alone


def connect(proc: Path) -> None:
    rows = (
        "0: 0100000A:1F90 00000000:0000 0A 0 0 0 0 0 5\n1: 0100000A:1F90 0200000A:1 01 0 0 0 0 0 6"
    )
    (proc / "7" / "net" / "tcp").write_text(f"head\n{rows}\n")


async def test_server_that_answers_is_believed_less_its_bots(shared: Path) -> None:
    desk, server = Desk(), Server(info(5, 16, bots=2))
    async with watched(desk, UDP, server=server, proc=shared):
        await desk.until(e.PlayersCounted("a2s", 3, capacity=16))
        assert set(server.asked) == {7777}
        server.answer = None
        await desk.until(e.PlayersCounted("a2s", note="no answer on 7777"))
    assert desk.status().players.present is None


async def test_server_is_asked_on_the_ports_that_are_declared(shared: Path) -> None:
    desk = Desk()
    with serving() as (port, _):
        watch = PlayerWatch(
            replace(desk.life.options, players_period=2.0),
            [Declared("game", port, "UDP")],
            desk=desk,
            lines=Lines(),
            read={},
            proc=shared,
        )
        running = asyncio.create_task(watch.run())
        await desk.until(e.PlayersCounted("a2s", 2, capacity=16))
        running.cancel()
        await asyncio.wait([running])


async def test_server_that_never_answers_is_left_alone_after_three_looks(alone: Path) -> None:
    desk, server = Desk(), Server()
    async with watched(desk, UDP, server=server, proc=alone):
        await desk.until(e.SourceHushed("a2s", "no answer on 7777"))
        asked = len(server.asked)
        await desk.until(e.PlayersCounted("traffic", 0))
        assert len(server.asked) == asked == 3


async def test_server_that_was_chosen_is_asked_for_ever_on_its_port() -> None:
    desk, server = Desk(players="a2s:27015"), Server()
    async with watched(desk, UDP, server=server):
        await desk.until(e.PlayersCounted("a2s", note="no answer on 27015"))
        await some_looks()
        assert len(server.asked) > 3
    assert desk.status().players.source is None


async def test_nobody_looks_once_the_game_has_spoken(alone: Path) -> None:
    desk, server = Desk(), Server(info(1, 2))
    desk.post(e.PlayersSet(("ann",)))
    async with watched(desk, UDP, TCP, server=server, proc=alone):
        done, _ = await asyncio.wait(
            [asyncio.create_task(desk.until(e.GameStarted(9)))], timeout=0.1
        )
        assert not done
        assert not server.asked
    assert len(desk.posted) == 1


async def test_nobody_looks_before_the_game_is_ready(alone: Path) -> None:
    desk, server = Desk(), Server(info(1, 2))
    desk.life.at(6.0, e.GameStarted(8))
    async with watched(desk, UDP, server=server, proc=alone):
        await some_looks()
        assert not server.asked
        desk.post(e.ReadyReported())
        await desk.until(e.PlayersCounted("a2s", 1, capacity=2))


async def test_traffic_is_looked_at_beside_a_game_with_stale_players(
    alone: Path,
) -> None:
    desk = Desk(stale_players=60.0)
    desk.post(e.PlayersSet(("ann",)))
    async with watched(desk, UDP, proc=alone):
        await desk.until(e.PlayersCounted("traffic", 0))


async def test_traffic_is_off_in_the_machines_own_network(shared: Path) -> None:
    desk = Desk()
    async with watched(desk, UDP, proc=shared):
        note = "off in the machine's own network, where others' packets count, too"
        await desk.until(e.SourceHushed("traffic", note))
    assert note in desk.status().timers[1].text


async def test_source_that_was_not_chosen_is_not_looked_at(shared: Path) -> None:
    desk = Desk(players="tcp")
    async with watched(desk, UDP, TCP, proc=shared):
        await desk.until(
            e.SourceHushed(
                "tcp", "no connection has stood for 5 s; who plays by UDP or HTTP has none"
            )
        )
    assert {getattr(each, "source", "") for each in desk.posted} == {"tcp"}


async def test_connections_say_nobody_where_every_player_would_hold_one(shared: Path) -> None:
    desk = Desk()
    async with watched(desk, TCP, proc=shared):
        await desk.until(e.PlayersCounted("tcp", 0))


@pytest.mark.parametrize("protocol", ["UDP", "TCP/UDP", "HTTP"])
async def test_connections_say_nothing_where_players_could_do_without(
    protocol: str, shared: Path
) -> None:
    desk = Desk()
    async with watched(desk, TCP, Declared("more", 9000, protocol), proc=shared):
        await desk.until(
            e.SourceHushed(
                "tcp", "no connection has stood for 5 s; who plays by UDP or HTTP has none"
            )
        )
    assert desk.status().players.source is None


async def test_young_connection_leaves_it_open_whether_somebody_is_there(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk()
    connect(shared)
    async with watched(desk, TCP, proc=shared):
        young = "1 connection is younger than 5 s"
        await desk.until(e.PlayersCounted("tcp", note=young))
        monkeypatch.setattr(clock, "now", lambda: 1e9)
        await desk.until(e.PlayersCounted("tcp", 1))


async def test_lines_are_read_from_where_those_before_have_come_to() -> None:
    desk = Desk(players="log", players_log=("mirror",))
    async with watched(desk):
        await desk.until(e.LinesMatched("stdout", 39, (("join", "1"),)))
    assert desk.status().players.ids == ("1",)


@pytest.mark.parametrize(
    ("lines", "folder", "note"),
    [
        (("mirror",), False, "the output is kept in memory; set AGENT_SPOOL_DIR to a folder"),
        ((), True, "no lines to look for; set AGENT_PLAYERS_LOG"),
    ],
)
async def test_lines_that_cannot_be_read_are_said_with_the_fix(
    lines: tuple[str, ...], folder: object, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lines, "is_readable", folder)
    desk = Desk(players="log", players_log=lines)
    async with watched(desk):
        await desk.until(e.SourceHushed("log", note))


async def test_every_life_of_the_game_is_looked_at_anew(shared: Path) -> None:
    desk, server = Desk(on_game_crash="restart"), Server()
    async with watched(desk, UDP, server=server, proc=shared):
        await desk.until(e.SourceHushed("a2s", "no answer on 7777"))
        server.answer = info(1, 4)
        desk.post(e.GameStarted(8))
        desk.post(e.ReadyReported())
        await desk.until(e.PlayersCounted("a2s", 1, capacity=4))
