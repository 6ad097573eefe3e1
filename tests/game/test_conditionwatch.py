"""Conditions are looked at on a real game, while they can change something."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from agent import clock
from agent.core import events as e
from agent.core.phases import Health, Phase, Reason
from agent.core.snapshot import Status
from agent.core.usage import ProcessUsage
from agent.game.conditionwatch import ConditionWatch
from agent.game.looks import Looks
from agent.game.ports import Declared, pause_after
from agent.game.usage import ProcessClock
from agent.logs.following import Follower
from tests.freeport import free_port

from ..core.life import GAME, READY, Life
from ..logs.spools import Filled

STAGED = str(Path(__file__).parents[1] / "games" / "staged.py")


@contextmanager
def playing(*steps: str) -> Iterator[int]:
    """Run a game; return its pid."""
    with subprocess.Popen([sys.executable, "-S", STAGED, *steps]) as game:
        try:
            yield game.pid
        finally:
            game.kill()


class Desk:
    """A life that begins with the game's start."""

    def __init__(self, pid: int, **options: object) -> None:
        known = {"health_period": 0.02, "start_timeout": 0.0, **options}
        self.life = Life(replace(Life().options, **known))  # type: ignore[arg-type]
        self.posted: list[e.Event] = []
        self.asked = 0
        self._news = asyncio.Event()
        self.post(replace(GAME, game_pid=pid))

    def status(self) -> Status:
        self.asked += 1
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

    async def phase(self, wanted: Phase) -> None:
        async with asyncio.timeout(30):
            while self.life.state.phase is not wanted:
                await self._news.wait()

    async def note(self, check: str, note: str) -> None:
        async with asyncio.timeout(30):
            while (found := self.life.state.checks.get(check)) is None or found.note != note:
                await self._news.wait()


@asynccontextmanager
async def watched(desk: Desk, folder: Path, *declared: Declared) -> AsyncIterator[None]:
    watch = ConditionWatch(
        desk.life.options, Looks(declared, ()), desk=desk, lines=Follower(str(folder))
    )
    watch.life({"stdout": 0})
    running = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_all_that_can_be_asked_for_is_seen_on_a_real_game(tmp_path: Path) -> None:
    udp, tcp, http, a2s = (free_port() for _ in range(4))
    spool = Filled(tmp_path)
    wanted = (
        f"udp:game\ntcp:{tcp}\nany(http:{http}/ready, log:never)\na2s:{a2s}\nlog:^up$\ndelay:1s"
    )
    steps = (f"await:{tmp_path}/go", f"udp:{udp}", f"tcp:{tcp}", f"http:{http}", f"a2s:{a2s}")
    with playing(*steps) as pid:
        desk = Desk(pid, ready_when=wanted)
        async with watched(desk, spool.folder, Declared("game", udp, "UDP")):
            for check, note in (
                ("udp:game", "not bound"),
                (f"tcp:{tcp}", "not bound"),
                (f"http:{http}/ready", "refused"),
                (f"a2s:{a2s}", "no answer"),
            ):
                await desk.note(check, note)
            assert set(desk.life.status.waits_for) >= {"udp:game (not bound)", "log:^up$"}
            spool.write(b"up\n")
            (tmp_path / "go").touch()
            await desk.phase(Phase.READY)
    assert desk.life.state.ready_by == (
        f"udp:game and tcp:{tcp} and http:{http}/ready and a2s:{a2s} and log:^up$ and delay:1s"
    )
    assert not any(isinstance(each, e.PortsChecked) for each in desk.posted)


async def test_game_that_lets_go_of_its_port_is_unhealthy(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    steps = (f"udp:{first}", f"await:{tmp_path}/more", f"udp:{second}")
    with playing(*steps, f"await:{tmp_path}/go", "close") as pid:
        declared = Declared("a", first, "UDP"), Declared("b", second, "UDP")
        desk = Desk(pid, ready_when="udp:a", health_when="port", health_tries=2, hang_cap=0.0)
        async with watched(desk, tmp_path, *declared):
            await desk.phase(Phase.READY)
            (tmp_path / "more").touch()
            while desk.life.status.ports.bound != ("a", "b"):
                await desk._news.wait()
            (tmp_path / "go").touch()
            await desk.phase(Phase.STOPPING)
    stop = desk.life.state.stop
    assert stop is not None
    assert stop.reason is Reason.GAME_UNHEALTHY
    assert "port failed 2 times in a row (a, b no longer bound)" in stop.why


async def test_stopped_game_answers_no_more_and_is_at_rest(tmp_path: Path) -> None:
    port = free_port()
    with playing(f"a2s:{port}") as pid:
        desk = Desk(pid, ready_when=f"a2s:{port}", health_when=f"a2s:{port}", health_tries=2)
        async with watched(desk, tmp_path):
            await desk.phase(Phase.READY)
            os.kill(pid, signal.SIGSTOP)
            await desk.phase(Phase.STOPPING)
    assert desk.life.state.why.endswith("failed 2 times in a row (no answer), at rest meanwhile")


async def test_game_that_works_but_does_not_answer_has_more_patience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its processor time is made up: what a real one gets is the machine's choice."""
    spent = count(step=1000)
    monkeypatch.setattr(
        ProcessClock, "read", lambda *_: ProcessUsage(float(next(spent)), 0, 1, 1, None)
    )
    port = free_port()
    options: dict[str, object] = {"health_when": f"http:{port}/", "health_tries": 2}
    with playing() as pid:
        desk = Desk(pid, ready_when="api", **options)
        async with watched(desk, tmp_path):
            desk.post(READY)
            await desk.phase(Phase.STOPPING)
    assert desk.life.state.why == f"http:{port}/ failed 4 times in a row (refused)"


async def test_fatal_line_is_heard_while_the_game_starts(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    with playing() as pid:
        desk = Desk(pid, ready_when="api", health_when="log!:^FATAL")
        async with watched(desk, spool.folder):
            spool.write(b"FATAL: no map\n")
            await desk.phase(Phase.STOPPING)
    assert desk.life.state.why == "it wrote 'FATAL: no map'"


async def test_new_life_is_judged_by_its_own_lines(tmp_path: Path) -> None:
    spool = Filled(tmp_path)
    spool.write(b"up\n")
    with playing() as first, playing() as second:
        desk = Desk(first, ready_when="log:^up")
        watch = ConditionWatch(
            desk.life.options, Looks((), ()), desk=desk, lines=Follower(str(spool.folder))
        )
        running = asyncio.create_task(watch.run())
        await desk.phase(Phase.READY)
        watch.life({"stdout": len(b"up\n")})
        desk.post(e.GameStarted(second))
        assert desk.life.state.phase is Phase.STARTING
        spool.write(b"up again\n")
        await desk.phase(Phase.READY)
        running.cancel()
        await asyncio.wait([running])
    assert desk.life.state.game.pid == second


async def test_nothing_is_looked_at_where_nothing_is_asked_for(tmp_path: Path) -> None:
    desk = Desk(os.getpid())
    asked = desk.asked
    watch = ConditionWatch(
        desk.life.options, Looks((), ()), desk=desk, lines=Follower(str(tmp_path))
    )
    await watch.run()
    assert desk.asked == asked


async def test_port_that_is_not_declared_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(os.getpid(), ready_when="udp:gmeport")
    async with watched(desk, tmp_path, Declared("gameport", 7777, "UDP")):
        await desk.note("udp:gmeport", "no port of that name is declared; there are: gameport")
    assert "cannot look at udp:gmeport: no port of that name is declared" in caplog.text
    assert desk.life.status.health is Health.UNKNOWN


@pytest.mark.parametrize(("waited", "pause"), [(0, 1), (9, 1), (30, 3), (50, 5), (9000, 5)])
def test_long_starts_are_looked_at_less_often(waited: float, pause: float) -> None:
    assert pause_after(waited) == pause
