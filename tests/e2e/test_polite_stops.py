"""A game that ignores signals leaves when it is asked at its own door."""

import socket

import aiohttp
import pytest

from agent.local.platform import Platform

from .inside import call, url_of, version


@pytest.mark.parametrize(
    ("way", "said"),
    [("http", b"POST /stop HTTP/1.1"), ("rcon", b"save and quit")],
)
async def test_game_is_asked_at_its_own_door_before_it_is_signalled(way: str, said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        door = free.getsockname()[1]
    env: dict[str, str | None] = {
        "DOOR": str(door),
        "AGENT_STOP_BY": f"{way}:9s,signal",
        "AGENT_STOP_URL": f"http://127.0.0.1:{door}/stop",
        "AGENT_STOP_TEXT": "save and quit",
        "AGENT_RCON_PORT": str(door),
        "AGENT_RCON_PASSWORD": "open sesame",
    }
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version("politely.py", way, env=env))
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/stop")
        await deployment.terminated()
    assert said in deployment.stdout
    assert b"password None" in deployment.stdout
    assert b"open sesame" not in deployment.stdout + deployment.stderr
    assert b"killing it" not in deployment.stderr
    assert deployment.exit_status == 0
