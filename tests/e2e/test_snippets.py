"""The README's snippets say what they have to, through the real agent, and leave in time."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from agent.local.deployment import Deployment
from agent.local.ledger import SignalSent, StopAccepted
from agent.local.platform import Platform
from agent.local.version import RestartPolicy, Version
from tests.tools import need
from tests.waiting import until

from .inside import ENTRYPOINT, agent_pid, call, kill_agent, ready_phase, served_url

SNIPPETS = Path(__file__).parents[1] / "games" / "snippets"
HTTP_FOR_MONO = Path("/usr/lib/mono/4.5/System.Net.Http.dll")


Made = Callable[[Path], Awaitable[list[str]]]
"""Makes a snippet ready to run in a folder; returns its command."""


async def build(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0


async def python(_: Path) -> list[str]:
    return ["python3", str(SNIPPETS / "game.py")]


async def node(_: Path) -> list[str]:
    return [need("node", package="nodejs"), str(SNIPPETS / "game.js")]


async def shell(_: Path) -> list[str]:
    need("curl")
    return [str(SNIPPETS / "game.sh")]


async def godot(_: Path) -> list[str]:
    return [need("godot3-server"), "-s", str(SNIPPETS / "game.gd")]


async def cpp(folder: Path) -> list[str]:
    compiler = need("g++")
    need("curl-config", package="libcurl4-openssl-dev")
    strict = ("-std=c++17", "-Wall", "-Wextra", "-Werror")
    await build(compiler, *strict, str(SNIPPETS / "game.cpp"), "-lcurl", "-o", str(folder / "g"))
    return [str(folder / "g")]


async def csharp(folder: Path) -> list[str]:
    compiler, runtime = need("mcs", package="mono-mcs"), need("mono", package="mono-runtime")
    there = HTTP_FOR_MONO.exists()
    need("System.Net.Http for Mono", package="libmono-system-net-http4.0-cil", there=there)
    source, program = str(SNIPPETS / "Game.cs"), str(folder / "Game.exe")
    await build(compiler, "-warnaserror", "-r:System.Net.Http", f"-out:{program}", source)
    return [runtime, program]


BUILDS = [python, node, shell, godot, cpp, csharp]


async def play(
    session: aiohttp.ClientSession, platform: Platform, game: list[str], folder: Path
) -> tuple[Deployment, str]:
    """Start a snippet as its README says; return when it is ready with its players."""
    version = Version(
        command=[ENTRYPOINT, *game],
        env={
            "HOME": str(folder),  # Mono writes into it
            "AGENT_PORT": "0",
            "AGENT_GRACE": "30s",
            "AGENT_STOP_BY": "file:10s,signal",
            "AGENT_STOP_FILE": str(folder / "stop"),
            "AGENT_DRAIN": "0",
        },
        grace=30.0,
        restart_policy=RestartPolicy.NEVER,
        cwd=folder,  # Godot writes a log into it
    )
    deployment = await platform.deploy(version)
    url = await served_url(deployment)
    status = await ready_phase(session, url, "in_match")
    assert status["ready_by"] == "api"
    assert status["players"]["ids"] == ["ann", "bob"]
    assert status["players"]["capacity"] == 16
    return deployment, url


def left_on_the_notice(deployment: Deployment) -> None:
    assert b"saving the world" in deployment.stdout, deployment.stderr
    assert b"killing it" not in deployment.stderr
    signals = [r.signum for r in deployment.records if isinstance(r, SignalSent)]
    assert signals == [signal.SIGTERM]
    assert deployment.exit_status == 0


@pytest.mark.parametrize("made", BUILDS)
async def test_snippet_plays_until_the_platform_stops_it(made: Made, tmp_path: Path) -> None:
    game = await made(tmp_path)
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment, _ = await play(session, platform, game, tmp_path)
        deployment.stop()
        await deployment.terminated()
    left_on_the_notice(deployment)
    assert [r.by for r in deployment.records if isinstance(r, StopAccepted)] == ["operator"]


@pytest.mark.parametrize("made", BUILDS)
async def test_snippet_outlives_the_agent_then_leaves_as_its_match_is_over(
    made: Made, tmp_path: Path
) -> None:
    game = await made(tmp_path)
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment, url = await play(session, platform, game, tmp_path)
        before = await kill_agent(deployment)
        await asyncio.to_thread(until, lambda: agent_pid(deployment) not in (None, before), 30)
        await call(session, "POST", f"{url}/v1/match/end")
        await deployment.terminated()
    left_on_the_notice(deployment)
    assert [r.by for r in deployment.records if isinstance(r, StopAccepted)] == ["self-stop"]


def test_every_snippet_is_run_or_its_reason_is_known() -> None:
    """Unreal is shown, not run: no engine is to be had for it here."""
    found = {path.name for path in SNIPPETS.iterdir()}
    run = {"game.py", "game.js", "game.sh", "game.gd", "game.cpp", "Game.cs"}
    assert found == run | {"unreal.cpp"}
