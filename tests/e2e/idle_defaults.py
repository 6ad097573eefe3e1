"""The real defaults, with no setting at all: ``make idle-defaults``, seven minutes long."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from agent import clock
from agent.core.options import Options
from agent.local.ledger import SelfStopCalled
from agent.local.platform import Platform
from agent.local.version import Version
from tests.network import network
from tests.tools import need

from .inside import ENTRYPOINT
from .test_unmodified import servers

DEFAULTS = Options()


@pytest.mark.timeout(900)
async def test_server_that_nobody_joins_ends_after_the_default_time(tmp_path: Path) -> None:
    server = servers(tmp_path)["teeworlds"]
    need(server.command[0], package=server.package)
    version = Version(command=(ENTRYPOINT, *server.command), ports=server.ports)
    with network():
        async with Platform(hears_lines=False) as platform, asyncio.timeout(600):
            deployment = await platform.deploy(version)
            await deployment.wrote("starting → ready: ready by ports")
            ready = clock.now()
            await deployment.wrote("ready → stopping: 0 players by traffic for ")
            lasted = clock.now() - ready
            await deployment.terminated()
    assert sum(isinstance(each, SelfStopCalled) for each in deployment.records) == 1
    least, jitter = DEFAULTS.nobody_joined, 0.1 * DEFAULTS.nobody_joined
    said = "\n".join(re.findall(r".*nobody_joined.*", deployment.stderr.decode()))
    sys.stdout.write(f"\nready → stopping: {lasted:.1f} s\n{said}\n")
    assert least < lasted < least + jitter + 2 * DEFAULTS.players_period + 2.0
