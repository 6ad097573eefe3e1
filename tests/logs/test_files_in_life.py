"""The game's own log files, from its disk to a store, while everything turns."""

import asyncio
from pathlib import Path

import aiohttp

from agent.local.deployment import Deployment
from agent.local.platform import Platform
from agent.logs.spoolreader import SpoolReader
from tests.e2e.inside import call, kill_agent, served_url, version
from tests.fakes.logstore import Store
from tests.fakes.shelf import Shelf
from tests.waiting import until

LINES, EVERY = 10_000, 200
DIARY = b"".join(b"line %08d of the diary\n" % number for number in range(LINES))
SOURCE = "file/logs/Game.log"


async def deploy(platform: Platform, folder: Path, env: dict[str, str | None]) -> Deployment:
    game = folder / "game"
    game.mkdir()
    return await platform.deploy(
        version(
            "diarist.py",
            env={
                "AGENT_SPOOL_DIR": str(folder / "spool"),
                "AGENT_LOG_FILES": "logs/*.log",
                "DIARIST_LINES": str(LINES),
                "DIARIST_EVERY": str(EVERY),
                **env,
            },
            cwd=game,
        )
    )


async def kill_agents(deployment: Deployment, spool: Path) -> None:
    """Kill some, each as soon as it has copied something."""
    await deployment.wrote("serving the game at")
    for _ in range(4):
        had = copied(spool)
        await kill_agent(deployment)
        await asyncio.to_thread(until, lambda had=had: copied(spool) > min(had, len(DIARY) - 1))


def copied(spool: Path) -> int:
    """Return how far the agents have come with the log."""
    (folder,) = spool.iterdir()
    ends = [each.end for each in SpoolReader(folder).pieces() if each.source.startswith("file:")]
    return max(ends, default=0)


async def test_log_that_turns_over_fifty_times_arrives_whole_though_agents_die(
    tmp_path: Path,
) -> None:
    """Not one line is lost or doubled; the last one, which has no end, is sent too."""
    shelf = Shelf()
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        sink = f"s3://key:secret-key@bucket/logs?endpoint=http://{store.host}"
        env: dict[str, str | None] = {"AGENT_LOG_SINK": sink, "DIARIST_PAUSE": "0.1"}
        deployment = await deploy(platform, tmp_path, env)
        await kill_agents(deployment, tmp_path / "spool")
        await deployment.wrote("written")
        url = await served_url(deployment)
        async with aiohttp.ClientSession() as session:
            flushed = await call(session, "POST", f"{url}/v1/logs/flush?wait=20")
            assert flushed["sinks"][0]["left_bytes"] == 0
            last = f"{url}/v1/logs?tail=1&source=file:logs/Game.log"
            async with session.get(last) as answer:
                assert await answer.read() == DIARY.splitlines(keepends=True)[-1]
        deployment.stop()
        await deployment.terminated()
    assert len(list((tmp_path / "game/logs").glob("Game.log.*"))) == LINES // EVERY
    assert b"".join(shelf.spans(SOURCE).values()) == DIARY + b"goodbye"
    assert b"left 0, dropped 0" in deployment.stderr


async def test_lines_of_files_go_to_the_containers_output_once_though_agents_die(
    tmp_path: Path,
) -> None:
    """Without any store; each line whole, with its file's name, the game's stdout untouched."""
    async with Platform(hears_lines=False) as platform:
        env: dict[str, str | None] = {"AGENT_LOG_FILES_ECHO": "1", "DIARIST_PAUSE": "0.1"}
        deployment = await deploy(platform, tmp_path, env)
        await kill_agents(deployment, tmp_path / "spool")
        await deployment.wrote("written")
        deployment.stop()
        await deployment.terminated()
    tag = b"[logs/Game.log] "
    lines = [each for each in deployment.stderr.splitlines(keepends=True) if tag in each]
    assert lines == [tag + each for each in (*DIARY.splitlines(keepends=True), b"goodbye\n")]
    assert deployment.stdout == b"written\n"
