"""Servers that know nothing of us, with no setting but shorter times."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent import clock
from agent.local.deployment import Deployment
from agent.local.ledger import SelfStopCalled
from agent.local.platform import Platform
from agent.local.version import Port, RestartPolicy, Version
from tests.network import Network, network
from tests.tools import need

from .inside import ENTRYPOINT, QUICK

NAMES = ("teeworlds", "bzflag", "minetest", "node")
MARGIN = 5.0  # seconds, for a busy machine; without two empty looks in time it is never
MINETEST_HELLO = "4f457403" + "0000" + "00" + "03" + "ffdc" + "01" + "0000"


@dataclass(frozen=True)
class Server:
    """A server as Debian brings it, with a client that plays on it."""

    command: tuple[str, ...]
    package: str
    ports: tuple[Port, ...]
    client: tuple[str, ...]
    empty_by: str = "traffic"
    env: dict[str, str] = field(default_factory=dict)


def servers(home: Path) -> dict[str, Server]:
    return {
        "teeworlds": Server(
            ("/usr/games/teeworlds-server", "sv_port 8303; sv_register 0"),
            "teeworlds-server",
            (Port(internal=8303),),
            ("teeworlds07.py", "8303"),
        ),
        "bzflag": Server(
            ("/usr/games/bzfs", "-p", "5154"),
            "bzflag-server",
            (Port(internal=5154, protocol="TCP/UDP"),),
            ("connection.py", "5154", b"BZFLAG\r\n\r\n".hex()),
        ),
        "minetest": Server(
            (
                *("/usr/games/minetestserver", "--gameid", "minetest_game"),
                *("--port", "30000", "--world", str(home / "world")),
            ),
            "minetest-server",
            (Port(internal=30000),),
            ("datagrams.py", "30000", MINETEST_HELLO),
            env={"HOME": str(home)},
        ),
        "node": Server(
            ("node", str(Path(__file__).parents[1] / "games" / "websocket.js")),
            "nodejs",
            (Port(internal=8080, protocol="WS"),),
            ("websocket.py", "8080"),
            empty_by="tcp",
        ),
    }


@pytest.fixture
def wire() -> Iterator[Network]:
    need("ip", package="iproute2")
    with network() as made:
        yield made


@asynccontextmanager
async def deployed(server: Server, **times: str) -> AsyncIterator[Deployment]:
    """Deploy it as it is, with nothing set but shorter times."""
    need(server.command[0], package=server.package)
    shorter = {"AGENT_PLAYERS_PERIOD": "1s", **times}
    version = Version(
        command=(ENTRYPOINT, *server.command),
        env={**QUICK, "AGENT_GRACE": "10s", **shorter, **server.env},
        ports=server.ports,
        grace=10.0,
        restart_policy=RestartPolicy.NEVER,
    )
    async with Platform(hears_lines=False) as platform, asyncio.timeout(90):
        deployment = await platform.deploy(version)
        yield deployment
        await deployment.terminated()
    assert sum(isinstance(each, SelfStopCalled) for each in deployment.records) == 1


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("name", NAMES)
async def test_unmodified_server_that_nobody_joins_ends(name: str, tmp_path: Path) -> None:
    server = servers(tmp_path)[name]
    async with deployed(server, AGENT_NOBODY_JOINED="3s") as deployment:
        await deployment.wrote("starting → ready: ready by ports")
        ready = clock.now()
        await deployment.wrote(f"ready → stopping: 0 players by {server.empty_by} for 3s")
        lasted = clock.now() - ready
    assert lasted > 3.0
    assert lasted < 3.0 * 1.1 + 2.0 + MARGIN


@pytest.mark.parametrize("name", NAMES)
async def test_unmodified_server_that_everybody_has_left_ends(
    name: str, wire: Network, tmp_path: Path
) -> None:
    server = servers(tmp_path)[name]
    times = {"AGENT_NOBODY_JOINED": "60s", "AGENT_EVERYBODY_LEFT": "2s"}
    async with deployed(server, **times) as deployment:
        await deployment.wrote("starting → ready: ready by ports")
        with wire.playing(*server.client):
            await deployment.wrote("ready → in_match: players are there")
        await deployment.wrote(f"ready → stopping: 0 players by {server.empty_by} for 2s")
        await deployment.wrote("telling the platform to end this deployment: everybody_left")


async def test_pings_of_server_browsers_are_no_players(wire: Network, tmp_path: Path) -> None:
    """Thirty questions a second, from many askers, at a server that answers none of them."""
    server = servers(tmp_path)["teeworlds"]
    async with deployed(server, AGENT_NOBODY_JOINED="3s") as deployment:
        await deployment.wrote("starting → ready: ready by ports")
        with wire.playing("pings.py", "8303"):
            await deployment.wrote("ready → stopping: 0 players by traffic for 3s")
    assert b"in_match" not in deployment.stderr
