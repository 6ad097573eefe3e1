"""A game made with Agones' SDK runs unchanged, by gRPC, by REST."""

import asyncio
import re
import sys
from dataclasses import replace

import aiohttp
import pytest

from agent.local.deployment import Deployment
from agent.local.ledger import SelfStopCalled
from agent.local.platform import Platform
from agent.local.version import Version
from tests.tools import need
from tests.waiting import until

from .inside import ENTRYPOINT, GAMES, call, kill_agent, version

NODE_MODULES = GAMES.parent / "node" / "node_modules"
IN_ORDER = ["Scheduled", "Ready", "Reserved", "Ready", "Allocated", "Shutdown"]


def agones(*command: str, **env: str) -> Version:
    settings: dict[str, str | None] = {
        "AGENT_SDK": "agones",
        "AGENT_AGONES_PORT": "0",
        "AGENT_AGONES_GRPC_PORT": "0",
        "AGENT_AGONES_ALLOCATE": "never",
        "AGENT_STOP_BY": "events:10s,signal",
        **env,
    }
    made = version(env=settings, grace=30.0)
    return replace(made, command=(ENTRYPOINT, *command))


def rest(flavour: str, **env: str) -> Version:
    return agones(sys.executable, str(GAMES / "agones_rest.py"), flavour, **env)


async def api(deployment: Deployment) -> str:
    await deployment.wrote("AGENT_URL=")
    found = re.search(rb"AGENT_URL=(\S+)", deployment.stdout)
    assert found
    return found[1].decode()


def watched(deployment: Deployment) -> list[str]:
    return re.findall(r"^watch (\w+)", deployment.stdout.decode(), re.MULTILINE)


def stopped(deployment: Deployment) -> list[str]:
    return [each.answer for each in deployment.records if isinstance(each, SelfStopCalled)]


@pytest.mark.parametrize("client", ["node", "python"])
async def test_published_client_goes_through_the_conformance_flow(client: str) -> None:
    """Each state arrives on the watch in order; the values come through; refusals are Agones'."""
    if client == "node":
        need("@google-cloud/agones-sdk", there=NODE_MODULES.is_dir(), package="it by make node")
        made = agones(need("node", package="nodejs"), str(GAMES / "agones_node.js"))
    else:
        made = rest("python")
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(made)
        await deployment.terminated()
    said = deployment.stdout.decode()
    assert watched(deployment) == IN_ORDER, said + deployment.stderr.decode()
    assert "played" in said
    assert stopped(deployment) == ["202"]
    assert "requested" in deployment.stderr.decode()


EXPECTED = (
    "ready,watch,gameserver,setlabel,setannotation,health,reserve,allocate,"
    "counters,lists,players,shutdown"
)


@pytest.mark.parametrize(("left_out", "status"), [("", 0), ("setannotation", 1)])
async def test_call_that_is_left_out_fails_where_calls_are_expected(
    left_out: str, status: int
) -> None:
    need("@google-cloud/agones-sdk", there=NODE_MODULES.is_dir(), package="it by make node")
    command = (need("node", package="nodejs"), str(GAMES / "agones_node.js"))
    async with Platform(hears_lines=False) as platform:
        made = agones(*command, AGENT_EXPECT=EXPECTED, LEAVE_OUT=left_out)
        deployment = await platform.deploy(made)
        await deployment.terminated()
    said = deployment.stderr.decode()
    assert deployment.exit_status == status, said
    assert ("missing setannotation" in said) == bool(left_out), said


async def _recover(platform: Platform, flavour: str) -> Deployment:
    deployment = await platform.deploy(rest(flavour, AGENT_AGONES_ALLOCATE="ready"))
    await deployment.wrote("watch Allocated")
    async with aiohttp.ClientSession() as session:
        url = await api(deployment)
        before = await call(session, "GET", f"{url}/v1/status")
        await kill_agent(deployment)
        after = await call(session, "GET", f"{url}/v1/status")
        assert after["agent_starts"] == 2
        assert before["phase"] == after["phase"] == "in_match"
        assert before["match"]["id"] == after["match"]["id"]
        assert before["players"]["ids"] == after["players"]["ids"] == ["ann", "bob"]
        for fact in ("state", "labels", "lists", "counters"):
            assert before["agones"][fact] == after["agones"][fact], fact
        # Current state first on every watch: the second one begins where the first had ended.
        await asyncio.to_thread(until, lambda: watched(deployment).count("Allocated") > 1, 60)
        await call(session, "POST", f"{url}/v1/match/end")
    await deployment.terminated()
    return deployment


async def test_engines_clients_recover_from_a_killed_agent_by_their_own_rules() -> None:
    async with Platform(hears_lines=False) as platform:
        flavours = ("unity", "unreal")
        ended = await asyncio.gather(*(_recover(platform, each) for each in flavours))
    for deployment in ended:
        said = deployment.stdout.decode()
        assert "['ann', 'bob']" in said
        assert "bye" in said, said + deployment.stderr.decode()
        assert watched(deployment)[-1] == "Shutdown"
        assert stopped(deployment) == ["202"]
