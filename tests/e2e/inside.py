"""Looking into a container, calling the agent in it as a game would."""

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from agent.local.deployment import Deployment
from agent.local.ledger import ContainerStarted
from agent.local.version import RestartPolicy, Version
from tests import measured
from tests.waiting import until

ROOT = Path(__file__).parents[2]
GAMES = ROOT / "tests" / "games"
ENTRYPOINT = measured.entrypoint()
QUICK: dict[str, str | None] = {
    "AGENT_PORT": "0",
    "AGENT_DRAIN": "0",
    "AGENT_STOP_TIMEOUT": "20s",
    **measured.measured(),
}


def version(
    game: str = "talker.py", *arguments: str, env: dict[str, str | None] | None = None, **more: Any
) -> Version:
    """Return a version that runs one of tests/games through the real entrypoint."""
    command = (ENTRYPOINT, "python3", str(GAMES / game), *arguments)
    more.setdefault("restart_policy", RestartPolicy.ALWAYS)
    more.setdefault("grace", 10.0)
    grace = f"{more['grace']:g}s"
    return Version(command=command, env={**QUICK, "AGENT_GRACE": grace, **(env or {})}, **more)


async def url_of(deployment: Deployment) -> str:
    """Wait for the game's first lines; return what it was told to call."""
    await deployment.wrote("AGENT_URL=")
    await deployment.wrote("boot ")
    found = re.search(rb"AGENT_URL=(\S+)", deployment.stdout)
    assert found
    return found[1].decode()


async def served_url(deployment: Deployment) -> str:
    """Wait for the agent's line on where it serves a game that does not tell; return that."""
    await deployment.wrote("serving the game at")
    found = re.search(rb"serving the game at (\S+)", deployment.stderr)
    assert found
    return found[1].decode()


def tree(deployment: Deployment) -> Iterator[tuple[int, list[str]]]:
    """Yield all processes below the container's main process with their command lines."""
    main = [r for r in deployment.records if isinstance(r, ContainerStarted)][-1].pid
    todo = [main]
    while todo:
        pid = todo.pop()
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            continue
        yield pid, [word.decode(errors="replace") for word in words]
        todo += [int(child) for child in children]


def agent_pid(deployment: Deployment, room: str = "agent.wiring") -> int | None:
    """Return the process that runs a room of ours, None where there is none."""
    return next((pid for pid, words in tree(deployment) if room in words), None)


def game_pid(deployment: Deployment, script: str = "talker.py") -> int:
    """Return the game's process."""
    found = [pid for pid, words in tree(deployment) if any(w.endswith(script) for w in words[1:2])]
    return found[0]


async def kill_agent(deployment: Deployment, signum: int = signal.SIGKILL) -> int:
    """Signal the agent that runs now; return its pid."""
    pid = await asyncio.to_thread(until, lambda: agent_pid(deployment) or 0, 30, "an agent")
    os.kill(pid, signum)
    return pid


async def call(
    session: aiohttp.ClientSession, method: str, url: str, body: object = None
) -> dict[str, Any]:
    """Call as a patient game does: again when the connection was reset, never when refused."""
    while True:
        try:
            async with session.request(method, url, json=body) as answer:
                told: dict[str, Any] = await answer.json(content_type=None)
                assert answer.status < 400, told
                return told
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            assert not isinstance(error, aiohttp.ClientConnectorError), error


async def ready_phase(session: aiohttp.ClientSession, url: str, phase: str) -> dict[str, Any]:
    """Long-poll until the agent is in *phase*."""
    status = await call(session, "GET", f"{url}/v1/status")
    while status["phase"] != phase:
        after = status["revision"]
        status = await call(session, "GET", f"{url}/v1/status?after={after}&wait=20")
    return status
