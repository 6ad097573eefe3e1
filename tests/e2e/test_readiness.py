"""Ready as the operator has said it, seen by the platform, also over deaths."""

import asyncio
from pathlib import Path

import aiohttp

from agent.local.ledger import SelfStopCalled, Status
from agent.local.platform import Platform
from agent.local.version import Port
from tests.freeport import free_port

from .inside import call, kill_agent, served_url, version


def ports() -> tuple[Port, Port]:
    game, ready = free_port(), free_port()
    return (
        Port(internal=game),
        Port(name="ready", internal=ready, protocol="TCP", to_check=True),
    )


async def test_deployment_is_ready_with_the_game_not_before(tmp_path: Path) -> None:
    """The log's line makes it so; an agent that dies in between changes nothing."""
    declared = ports()
    steps = (f"udp:{declared[0].internal}", f"await:{tmp_path}/go", "say:Map loaded")
    env: dict[str, str | None] = {
        "AGENT_READY_PORT": "ready",
        "AGENT_READY_WHEN": "udp:gameport\nlog:^Map loaded$",
    }
    async with (
        Platform(hears_lines=False) as platform,
        aiohttp.ClientSession() as session,
        asyncio.timeout(90),
    ):
        deployment = await platform.deploy(version("staged.py", *steps, env=env, ports=declared))
        url = await served_url(deployment)
        status = await call(session, "GET", f"{url}/v1/status")
        while status["waits_for"] != ["log:^Map loaded$"]:
            after = status["revision"]
            status = await call(session, "GET", f"{url}/v1/status?after={after}&wait=20")
        assert deployment.status is not Status.READY
        await kill_agent(deployment)
        (tmp_path / "go").touch()
        await deployment.wrote("the ready port")
        await deployment.reached(Status.READY)
        status = await call(session, "GET", f"{url}/v1/status")
        assert (status["phase"], status["ready_by"]) == (
            "ready",
            "udp:gameport and log:^Map loaded$",
        )
        deployment.stop()
        await deployment.terminated()


async def test_stop_before_the_game_is_ready_is_not_left_in_the_queue(tmp_path: Path) -> None:
    env: dict[str, str | None] = {"AGENT_READY_PORT": "ready", "AGENT_START_TIMEOUT": "1s"}
    steps = (f"await:{tmp_path}/never",)
    async with Platform(hears_lines=False) as platform, asyncio.timeout(90):
        deployment = await platform.deploy(version("staged.py", *steps, env=env, ports=ports()))
        await deployment.terminated()
    assert any(isinstance(each, SelfStopCalled) for each in deployment.records)
    assert b"the ready port" in deployment.stderr


async def test_game_that_is_started_again_has_to_say_so_again(tmp_path: Path) -> None:
    """Lines of the life before count for nothing, neither the good nor the fatal ones."""
    env: dict[str, str | None] = {
        "AGENT_READY_WHEN": "log:^up$",
        "AGENT_HEALTH_WHEN": "log!:^FATAL",
        "AGENT_ON_UNHEALTHY": "restart",
        "AGENT_HANG_CAP": "0",
    }
    steps = ("say:up", f"await:{tmp_path}/go", "say:FATAL: lost", f"await:{tmp_path}/never")
    async with (
        Platform(hears_lines=False) as platform,
        aiohttp.ClientSession() as session,
        asyncio.timeout(90),
    ):
        deployment = await platform.deploy(version("staged.py", *steps, env=env))
        url = await served_url(deployment)
        await deployment.wrote("ready by log:^up$")
        (tmp_path / "go").touch()
        await deployment.wrote("it wrote 'FATAL: lost'")
        (tmp_path / "go").unlink()
        status = await call(session, "GET", f"{url}/v1/status")
        while status["game"]["restarts"] < 1 or status["phase"] != "ready":
            after = status["revision"]
            status = await call(session, "GET", f"{url}/v1/status?after={after}&wait=20")
        assert status["health"] == "unknown"
        deployment.stop()
        await deployment.terminated()
