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


async def deploy(
    platform: Platform, folder: Path, host: str, env: dict[str, str | None]
) -> Deployment:
    game = folder / "game"
    game.mkdir()
    return await platform.deploy(
        version(
            "diarist.py",
            env={
                "AGENT_LOG_SINK": f"s3://key:secret-key@bucket/logs?endpoint=http://{host}",
                "AGENT_SPOOL_DIR": str(folder / "spool"),
                "AGENT_LOG_FILES": "logs/*.log",
                "DIARIST_LINES": str(LINES),
                "DIARIST_EVERY": str(EVERY),
                **env,
            },
            cwd=game,
        )
    )


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
    async with Store(usually=shelf) as store, Platform() as platform:
        deployment = await deploy(platform, tmp_path, store.host, {"DIARIST_PAUSE": "0.1"})
        await deployment.wrote("serving the game at")
        for _ in range(4):
            had = copied(tmp_path / "spool")
            await kill_agent(deployment)
            await asyncio.to_thread(until, lambda had=had: copied(tmp_path / "spool") > had)
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
