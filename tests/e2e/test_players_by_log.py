"""Joins that the output tells of, over agents' deaths."""

import asyncio
import os
from pathlib import Path

import aiohttp

from agent.local.platform import Platform

from .inside import call, kill_agent, url_of, version

STORY = [
    ("ann came\n", ["ann"]),
    ("bob came\nann went\n", ["bob"]),
    ("bob went\ncid came\n", ["cid"]),
]


async def test_successor_knows_who_came_while_no_agent_was_there(tmp_path: Path) -> None:
    door = tmp_path / "door"
    os.mkfifo(door)
    env: dict[str, str | None] = {
        "AGENT_PLAYERS": "log",
        "AGENT_PLAYERS_LOG": "join ^(?P<id>\\w+) came$\nleave ^(?P<id>\\w+) went$",
        "DOOR": str(door),
    }
    async with (
        Platform(hears_lines=False) as platform,
        aiohttp.ClientSession() as session,
        asyncio.timeout(90),
    ):
        deployment = await platform.deploy(version("doorman.py", env=env))
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/ready")
        for said, there in STORY:
            await kill_agent(deployment)
            await asyncio.to_thread(door.write_text, said)
            status = await call(session, "GET", f"{url}/v1/status")
            while sorted(status["players"]["ids"]) != there:
                path = f"{url}/v1/status?after={status['revision']}&wait=20"
                status = await call(session, "GET", path)
            assert (status["players"]["source"], status["players"]["count"]) == ("log", 1)
        deployment.stop()
        await deployment.terminated()
