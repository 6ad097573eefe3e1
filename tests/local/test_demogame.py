"""The demo game plays matches, tells the agent, keeps its world."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest

from agent.local import crowd, demogame
from agent.local.deployment import Deployment
from agent.local.platform import Platform
from agent.local.version import Port, RestartPolicy, Version
from tests.local.control import Control
from tests.measured import measured

GAME = [sys.executable, "-I", str(Path(demogame.__file__))]


@pytest.fixture
async def control() -> AsyncIterator[Control]:
    async with Control() as running:
        yield running


class Visitor(crowd.Player):
    """A player that the test drives."""

    @classmethod
    async def visit(cls, deployment: Deployment, name: str) -> Self:
        visitor = await cls.connect(name, deployment.ports[0].internal)
        await visitor.ask(f"JOIN {name}", "WELCOME")
        return visitor


async def start(
    platform: Platform, *options: str, control: Control | None = None, **env: str | None
) -> Deployment:
    agent = {"AGENT_URL": control.url} if control else {}
    deployment = await platform.deploy(
        Version(
            command=[*GAME, *options],
            env={**measured(), **agent, **env},
            ports=[Port(internal=0)],
            restart_policy=RestartPolicy.NEVER,
        )
    )
    await deployment.wrote("listening on UDP")
    return deployment


async def test_whole_match_is_told_to_the_agent(platform: Platform, control: Control) -> None:
    game = await start(platform, "--players", "2", control=control)
    await control.told("POST", "/v1/ready")
    ann = await Visitor.visit(game, "ann")
    bob = await Visitor.visit(game, "bob")
    await bob.hear("START")
    await ann.ask("SAY hello", "ann:")
    await bob.hear("ann:")
    await bob.ask("END", "OVER")
    await bob.ask("LEAVE", "BYE")
    await ann.ask("LEAVE", "BYE")
    await control.told("PUT", "/v1/players", ids=[], capacity=16)
    await ann.close()
    await bob.close()
    game.stop()
    await game.terminated()
    assert game.exit_status == 0
    assert control.calls == [
        ("POST", "/v1/ready", {}),
        ("PUT", "/v1/players", {"ids": ["ann"], "capacity": 16}),
        ("PUT", "/v1/players", {"ids": ["ann", "bob"], "capacity": 16}),
        ("POST", "/v1/match/start", {"id": "1"}),
        ("POST", "/v1/match/end", {"id": "1"}),
        ("PUT", "/v1/players", {"ids": ["ann"], "capacity": 16}),
        ("PUT", "/v1/players", {"ids": [], "capacity": 16}),
    ]


async def test_scripted_players_stay_to_the_end_of_the_match(
    platform: Platform, control: Control
) -> None:
    game = await start(platform, "--players", "2", "--match-seconds", "0.2", control=control)
    leave = asyncio.Event()
    playing = asyncio.create_task(crowd.play(("ann", "bob"), game.ports[0].internal, leave))
    await control.told("POST", "/v1/match/end", id="1")
    assert b"left" not in game.stdout
    leave.set()
    await playing
    await game.wrote("bob left, 0 here")


async def test_match_ends_when_its_time_is_up(platform: Platform, control: Control) -> None:
    game = await start(platform, "--match-seconds", "0.05", control=control)
    ann = await Visitor.visit(game, "ann")
    await ann.hear("OVER")
    await game.wrote("match 1 over: time is up")
    await ann.close()


async def test_match_ends_when_everybody_left(platform: Platform, control: Control) -> None:
    game = await start(platform, control=control)
    ann = await Visitor.visit(game, "ann")
    await ann.ask("LEAVE", "BYE")
    await control.told("POST", "/v1/match/end", id="1")
    await game.wrote("match 1 over: everybody left")
    await ann.close()


async def test_repeated_join_counts_once_with_strangers_kept_out(platform: Platform) -> None:
    game = await start(platform)
    stranger = await Visitor.connect("eve", game.ports[0].internal)
    await stranger.ask("SAY hello", "JOIN")
    ann = await Visitor.visit(game, "ann")
    await ann.ask("JOIN ann", "WELCOME")
    await ann.ask("SAY \xff", "ann:")
    assert game.stdout.count(b"ann joined, 1 here") == 1
    await ann.close()
    await stranger.close()


async def test_health_is_told_while_the_game_is_idle(platform: Platform, control: Control) -> None:
    await start(platform, "--health-seconds", "0.02", control=control)
    await control.pinged(3)


async def test_world_is_saved_on_sigterm_over_the_last_one(
    platform: Platform, tmp_path: Path
) -> None:
    world = tmp_path / "world.json"
    for matches in (1, 2):
        game = await start(platform, "--world", str(world))
        ann = await Visitor.visit(game, "ann")
        await ann.ask("SAY hello", "ann:")
        await ann.ask("END", "OVER")
        await ann.close()
        game.stop()
        await game.terminated()
        assert game.exit_status == 0
        assert json.loads(world.read_text()) == {"matches": matches, "lines": matches}
    assert list(tmp_path.iterdir()) == [world]


async def test_game_without_an_agent_leaves_after_its_match(platform: Platform) -> None:
    game = await start(platform)
    ann = await Visitor.visit(game, "ann")
    await ann.ask("END", "OVER")
    await ann.close()
    await game.terminated()
    assert game.exit_status == 0
    assert b"world saved: 1 matches played" in game.stdout


async def test_game_under_an_agent_stays_after_its_match(
    platform: Platform, control: Control
) -> None:
    game = await start(platform, control=control)
    ann = await Visitor.visit(game, "ann")
    await ann.ask("END", "OVER")
    await ann.ask("SAY still here", "ann:")
    await ann.close()
    game.stop()
    await game.terminated()
    assert b"stop signal SIGTERM\n" in game.stdout


async def test_reset_call_is_repeated(platform: Platform, control: Control) -> None:
    control.refusals = [0, 0]
    await start(platform, control=control)
    await control.told("POST", "/v1/ready")


async def test_refused_or_unanswered_call_does_not_disturb_the_game(
    platform: Platform, control: Control
) -> None:
    control.refusals = [503]
    game = await start(platform, control=control)
    await game.wrote("agent refused POST /v1/ready: 503")
    lonely = await start(platform, AGENT_URL="http://127.0.0.1:9")
    await lonely.wrote("agent did not answer POST /v1/ready")
    ann = await Visitor.visit(lonely, "ann")
    await ann.close()


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ('{"ports": {"g": {"internal": 7000, "protocol": "UDP"}}}', 7000),
        ('{"7001": {"internal": "7001", "protocol": "tcp/udp"}}', 7001),
        ('{"w": {"internal": 1, "protocol": "WS"}, "g": {"internal": 2, "protocol": "UDP"}}', 2),
        ('{"ports": {"w": {"internal": 1, "protocol": "WS"}}}', 9),
        ("{", 9),
        ("[]", 9),
        ("null", 9),
        ('{"ports": {"g": {}}}', 9),
        ("", 9),
    ],
)
def test_port_comes_from_the_platform_or_the_command_line(mapping: str, expected: int) -> None:
    assert demogame.find_port({"ARBITRIUM_PORTS_MAPPING": mapping}, 9) == expected
    assert demogame.find_port({}, 9) == 9


async def test_lost_packets_are_sent_again() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        game.bind(("127.0.0.1", 0))
        game.settimeout(0)
        player = await crowd.Player.connect("ann", game.getsockname()[1])
        joining = asyncio.create_task(player.ask("JOIN ann", "WELCOME"))
        lost, _ = await loop.sock_recvfrom(game, 99)
        again, address = await loop.sock_recvfrom(game, 99)
        await loop.sock_sendto(game, b"WELCOME ann", address)
        await joining
        await player.close()
    assert lost == again == b"JOIN ann"
