"""Killed agents, a full disk, little memory: no byte is lost, none comes twice."""

import asyncio
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from agent import clock
from agent.local.platform import Platform
from tests.cages import memory_cage
from tests.e2e.inside import call, kill_agent, served_url
from tests.fakes.logstore import Store
from tests.fakes.shelf import Shelf
from tests.tools import need

from .scene import MIB, Scene
from .test_last_line import told

GAMES = 4
KILLS = 5  # of each game's agent
LIMIT = 128 * MIB


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Mount 1 MiB of tmpfs."""
    place = tmp_path / "tiny"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    need("mount", package="root with CAP_SYS_ADMIN", there=mounted)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


async def test_agents_killed_at_random_send_every_byte_once(tmp_path: Path) -> None:
    """Twenty kills, five each in four containers side by side, while their games write."""

    async def run(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        chance = random.Random(number)
        shelf = Shelf()
        async with Store(usually=shelf) as store:
            scene = Scene(folder, store.host, shelf)
            env = {"SCRIBE_RATE": "50", "SCRIBE_CHUNK": "10000", "SCRIBE_LAST": "1000"}
            deployment = await scene.begin(platform, backlog=2 * MIB, grace=20.0, env=env)
            for _ in range(KILLS):
                # From the interpreter's first import to an upload on its way.
                await clock.wait(asyncio.Event(), chance.uniform(0.0, 1.0))
                await kill_agent(deployment)
            deployment.stop()
            await deployment.terminated()
        scene.assert_nothing_is_lost(deployment)
        assert b"".join(shelf.spans("stdout").values()) == scene.copy
        assert b"left 0, dropped 0" in deployment.stderr
        assert b"have ended the agent" not in deployment.stderr

    async with Platform(hears_lines=False) as platform, asyncio.TaskGroup() as games:
        for number in range(GAMES):
            games.create_task(run(number))


async def test_disk_that_is_full_disturbs_neither_game_nor_stdout(
    tmp_path: Path, tiny: Path
) -> None:
    shelf = Shelf()
    (tiny / "of somebody else").write_bytes(bytes(700 * 1024))
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        env = {"AGENT_SPOOL_DIR": str(tiny), "SCRIBE_RATE": "20", "SCRIBE_CHUNK": "2000"}
        deployment = await scene.begin(platform, backlog=2 * MIB, grace=20.0, env=env)
        url = await served_url(deployment)
        async with aiohttp.ClientSession() as session:
            full = await call(session, "POST", f"{url}/v1/logs/flush?wait=5")
            assert full["spool"]["spool_gap_bytes"] > 0, "marked"
            assert full["spool"]["spool_failures"] > 0
            (tiny / "of somebody else").unlink()
            later = await call(session, "POST", f"{url}/v1/logs/flush?wait=20")
            assert later["spool"]["stdout_skipped_bytes"] == 0
        deployment.stop()
        await deployment.terminated()
    assert deployment.stdout == scene.copy
    # What memory took meanwhile found room, bit by bit, as the store had what lay before it.
    assert b"".join(shelf.spans("stdout").values()) == scene.copy
    (size, _, left, dropped) = told(deployment.stderr)["s3://bucket/logs"]
    assert (size, left, dropped) == (sum(map(len, shelf.objects.values())), 0, 0)
    assert deployment.exit_status == 0


async def test_game_that_floods_in_little_memory_is_not_killed_for_it(tmp_path: Path) -> None:
    """The spool's pages count as the container's: they must be such as the kernel can drop."""
    shelf = Shelf()
    with memory_cage(LIMIT) as cage:
        async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
            scene = Scene(tmp_path, store.host, shelf, around=cage.join)
            env = {"SCRIBE_MEMORY": str(60 * MIB), "SCRIBE_LAST": str(MIB)}
            deployment = await scene.begin(platform, backlog=50 * MIB, grace=20.0, env=env)
            deployment.stop()
            await deployment.terminated()
        assert cage.oom_kills == 0
        assert cage.peak_bytes > 0.9 * LIMIT, "it was short"
    assert deployment.exit_status == 0
    scene.assert_nothing_is_lost(deployment)
