"""No fault of the agent disturbs the game, loses a line or forgets what was said."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from agent.core.budget import end_at
from agent.local.deployment import Deployment
from agent.local.faults import Refusal
from agent.local.ledger import ContainerExited, SelfStopCalled, SignalSent
from agent.local.platform import Platform
from tests.waiting import until

from .inside import agent_pid, call, game_pid, kill_agent, ready_phase, url_of, version


def numbers(output: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"^line (\d+)$", output, re.MULTILINE)]


async def test_agent_killed_six_times_in_a_match_costs_nothing() -> None:
    """500 lines/s, API calls all the time, six SIGKILLs: not a line, not a fact is lost."""
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version(env={"TALKER_RATE": "500"}))
        url = await url_of(deployment)
        game = game_pid(deployment)
        await call(session, "POST", f"{url}/v1/ready")
        await call(session, "POST", f"{url}/v1/match/start", {"id": "m-1"})
        await call(session, "PUT", f"{url}/v1/players", {"ids": ["ann", "bob"], "capacity": 8})
        await call(session, "POST", f"{url}/v1/hold", {"seconds": 900, "why": "boss"})
        joined = 0
        dead: set[int] = set()
        for _ in range(6):
            dead.add(await kill_agent(deployment))
            for _ in range(20):  # while it is down, while it comes back
                joined += 1
                body = {"id": f"p{joined}"}
                await call(session, "POST", f"{url}/v1/players/join", body)
                await call(session, "POST", f"{url}/v1/players/join", body)
        status = await call(session, "GET", f"{url}/v1/status")
        assert len(dead) == 6
        assert game_pid(deployment) == game
        assert status["phase"] == "in_match"
        assert status["match"]["id"] == "m-1"
        assert status["players"]["count"] == 2 + joined
        assert status["players"]["capacity"] == 8
        assert status["hold"]["why"] == "boss"
        assert status["agent_starts"] == 7
        await call(session, "POST", f"{url}/v1/match/end", {"id": "m-1"})
        await deployment.terminated()
    seen = numbers(deployment.stdout)
    last = re.search(rb"last line (\d+)", deployment.stdout)
    assert last
    assert seen == list(range(1, int(last[1]) + 1))
    assert deployment.stdout.count(b"world saved") == 1
    assert deployment.exit_status == 0


@pytest.mark.parametrize("how", ["stopped", "importing", "spinning"])
async def test_platform_stop_reaches_the_game_past_a_deaf_agent(how: str) -> None:
    """1. The agent cannot answer. 2. SIGTERM. 3. The game hears it, saves, is gone in time."""
    async with Platform(hears_lines=False) as platform, AsyncExitStack() as clients:
        deployment = await platform.deploy(version(grace=5.0))
        if how == "importing":
            await deployment.wrote("boot ")
        else:
            await serving(deployment)
            if how == "stopped":
                await kill_agent(deployment, signal.SIGSTOP)
            else:
                await clients.enter_async_context(spinning(deployment))
        deployment.stop()
        await deployment.terminated()
    sent = [r for r in deployment.records if isinstance(r, SignalSent)]
    left = [r for r in deployment.records if isinstance(r, ContainerExited)]
    assert [r.signum for r in sent][:1] == [signal.SIGTERM]
    assert b"world saved" in deployment.stdout
    assert deployment.stdout.count(b"signal 15 at") == 1
    assert left[0].at < end_at(sent[0].at, 5.0) + 0.25
    assert deployment.exit_status == 0


async def serving(deployment: Deployment) -> None:
    """Wait until the agent serves."""
    async with aiohttp.ClientSession() as session:
        await call(session, "GET", f"{await url_of(deployment)}/healthz")


@asynccontextmanager
async def spinning(deployment: Deployment) -> AsyncIterator[None]:
    """Keep the agent's event loop busy with calls, each with a large body to refuse."""
    body = b'{"ids": [' + b'"x",' * 60_000 + b'""]}'

    async def bother(session: aiohttp.ClientSession, url: str) -> None:
        while True:
            with suppress(aiohttp.ClientError):
                async with session.put(url, data=body) as answer:
                    await answer.read()

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as callers:
        url = f"{await url_of(deployment)}/v1/players"
        tasks = [callers.create_task(bother(session, url)) for _ in range(8)]
        before = await asyncio.to_thread(cpu_ticks, deployment)
        await asyncio.to_thread(until, lambda: cpu_ticks(deployment) > before + 20, 30, "work")
        yield
        for task in tasks:
            task.cancel()


def cpu_ticks(deployment: Deployment) -> int:
    """Return how much of a core the agent has used, in 1/100 s."""
    stat = Path(f"/proc/{agent_pid(deployment)}/stat").read_text().rpartition(")")[2].split()
    return int(stat[11]) + int(stat[12])


async def test_match_stop_goes_on_after_the_agent_died_in_it() -> None:
    """1. Match over. 2. The platform is out of order. 3. The agent is killed. 4. It still ends."""
    faults = [Refusal(503)] * 3
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version(faults=faults))
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/ready")
        await call(session, "POST", f"{url}/v1/match/end")
        await deployment.recorded(SelfStopCalled)
        await kill_agent(deployment)
        await deployment.terminated()
    answers = [r.answer for r in deployment.records if isinstance(r, SelfStopCalled)]
    assert answers[-1] == "202"
    assert answers.count("202") == 1
    assert deployment.stdout.count(b"world saved") == 1
    assert deployment.exit_status == 0


async def test_hung_agent_is_replaced_when_the_game_is_gone() -> None:
    """1. The agent is frozen. 2. The game leaves. 3. Somebody ends the deployment."""
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version())
        url = await url_of(deployment)
        await ready_phase(session, url, "starting")
        await kill_agent(deployment, signal.SIGSTOP)
        pid = game_pid(deployment)
        await asyncio.to_thread(until, lambda: _killed(pid), 20, "the game's end")
        await deployment.terminated()
    assert any(r.answer == "202" for r in deployment.records if isinstance(r, SelfStopCalled))


def _killed(pid: int) -> bool:
    import os

    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return True
    return False
