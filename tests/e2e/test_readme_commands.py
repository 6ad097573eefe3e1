"""Every command of the README works as it stands there."""

import asyncio
import os
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from agent.local.deployment import Deployment
from agent.local.platform import Platform
from agent.local.version import RestartPolicy

from .inside import ENTRYPOINT, ROOT, url_of, version

LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    if not block.startswith("#!")  # a snippet's file
    for line in block.splitlines()
]
LOCAL = [line for line in LINES if line.startswith("arbitrium-agent local ")]
CLI = [line for line in LINES if line.startswith("arbitrium-agent ") and line not in LOCAL]
PLAIN = [line for line in LINES if line.startswith("/opt/agent/entrypoint.sh ")]
ELSEWHERE = {  # run by CI, or the run that this is
    "make demo",
    ".venv/bin/python -m pytest tests/core/test_traces.py",
}


async def start(line: str, url: str = "", cwd: Path = ROOT) -> asyncio.subprocess.Process:
    words = shlex.split(line)
    program = {
        "arbitrium-agent": [sys.executable, "-m", "agent"],
        "/opt/agent/entrypoint.sh": [ENTRYPOINT],
    }[words[0]]
    environ = {"PATH": os.environ["PATH"], "AGENT_URL": url, "PYTHONPATH": str(ROOT)}
    return await asyncio.create_subprocess_exec(
        *program, *words[1:], cwd=cwd, env=environ, stdout=PIPE, stderr=PIPE
    )


async def run(line: str, url: str = "", cwd: Path = ROOT) -> str:
    process = await start(line, url, cwd)
    told, complaint = await process.communicate()
    assert process.returncode == 0, (line, told, complaint)
    return told.decode()


def test_every_line_is_known() -> None:
    assert set(LINES) == {*CLI, *LOCAL, *PLAIN, *ELSEWHERE}


async def test_command_line_works_from_the_first_line_to_the_last() -> None:
    assert CLI[-1] == "arbitrium-agent watch"
    async with Platform(hears_lines=False) as platform:
        waiting = version(stop_delay=None, restart_policy=RestartPolicy.NEVER)
        deployment = await platform.deploy(waiting)
        url = await url_of(deployment)
        shown = [await run(line, url) for line in CLI[:-1]]
        assert "nothing is wrong here" in shown[0]
        assert "phase" in shown[1]
        assert "ok: phase in_match" in shown[3]
        await watch(deployment, url)
    assert deployment.exit_status == 0


async def watch(deployment: Deployment, url: str) -> None:
    """Follow a deployment that waits for SIGTERM until it got it."""
    process = await start(CLI[-1], url)
    assert process.stdout
    assert b"phase" in await process.stdout.readline()
    deployment.signal(signal.SIGTERM)
    await deployment.terminated()
    await process.communicate()
    assert process.returncode == 0


async def test_plain_init_works() -> None:
    assert len(PLAIN) == 2
    for line in PLAIN:
        await run(line)


async def test_deployment_on_a_laptop_works(tmp_path: Path) -> None:
    game = tmp_path / "MyServer"
    game.write_text('#!/bin/sh\necho "got $*"\n')
    game.chmod(0o755)
    for line in LOCAL:
        told = await run(line, cwd=tmp_path)
        assert re.search(r"game +\| got -port=\d+$", told, re.MULTILINE), told
        assert "deployment is TERMINATED" in told
