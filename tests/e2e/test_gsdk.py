"""A game made with PlayFab's GSDK runs unchanged, whatever its flavour."""

import asyncio
import json
import re
from pathlib import Path

import aiohttp

from agent.local.deployment import Deployment
from agent.local.ledger import ContainerExited, SelfStopCalled
from agent.local.platform import Platform
from agent.local.version import Version

from .inside import call, kill_agent, tree, version

FLAVOURS = ("cpp", "csharp", "java", "unity", "go", "unreal", "legacy", "fallback")
MATCH = {
    "MM_MATCH_ID": "m-7",
    "MM_TICKET_IDS": '["t1","t2"]',
    "MM_TICKET_t1": '{"id":"t1","player_ip":"203.0.113.9"}',
    "MM_TICKET_t2": '{"id":"t2","player_ip":"203.0.113.9"}',
}


def gsdk(flavour: str, **env: str) -> Version:
    return version(
        "gsdk_client.py",
        flavour,
        env={"AGENT_SDK": "gsdk", "AGENT_GSDK_PORT": "0", **env},
        matchmaker=MATCH,
        grace=20.0,
    )


async def api(deployment: Deployment) -> str:
    await deployment.wrote("AGENT_URL=")
    found = re.search(rb"AGENT_URL=(\S+)", deployment.stdout)
    assert found
    return found[1].decode()


async def _play(platform: Platform, flavour: str, leave: Path) -> Deployment:
    """Play one match, its agent killed in the middle; everybody leaves in the end."""
    version_ = gsdk(flavour, AGENT_EVERYBODY_LEFT="500ms", LEAVE_FILE=str(leave))
    deployment = await platform.deploy(version_)
    await deployment.wrote("two are playing")
    async with aiohttp.ClientSession() as session:
        url = await api(deployment)
        before = await call(session, "GET", f"{url}/v1/status")
        await kill_agent(deployment)
        after = await call(session, "GET", f"{url}/v1/status")
    for fact in ("phase", "ready_by"):
        assert before[fact] == after[fact], flavour
    assert before["match"]["id"] == after["match"]["id"], flavour
    assert before["players"]["ids"] == after["players"]["ids"], flavour
    assert before["phase"] == "in_match", flavour
    assert before["ready_by"] == "api", flavour
    assert sorted(before["players"]["ids"]) == ["p1", "p2"], flavour
    assert after["agent_starts"] == 2, flavour
    leave.touch()
    await deployment.terminated()
    return deployment


async def test_every_flavour_plays_its_match_though_the_agent_is_killed_in_it(
    tmp_path: Path,
) -> None:
    async with Platform(hears_lines=False) as platform:
        plays = (_play(platform, each, tmp_path / each) for each in FLAVOURS)
        ended = dict(zip(FLAVOURS, await asyncio.gather(*plays), strict=True))
    for flavour, deployment in ended.items():
        said = deployment.stdout.decode()
        assert said.count("active ") == 1, said
        assert '["t1", "t2"]' in said, said
        assert "told to terminate" in said, said
        assert "cannot stand it" not in said, said
        if flavour != "fallback":
            assert "address 127.0.0.1" in said, said
            expected = {
                "name": "gameport",
                "serverListeningPort": 7777,
                "clientConnectionPort": deployment.ports[0].external,
            }
            assert json.loads(re.findall(r"^ports (.*)$", said, re.MULTILINE)[0]) == [expected]
        calls = [each.answer for each in deployment.records if isinstance(each, SelfStopCalled)]
        assert calls == ["202"], (flavour, deployment.stderr.decode())
        assert b"everybody_left" in deployment.stderr
        assert b"203.0.113.9" not in deployment.stderr


async def test_platforms_stop_is_told_as_terminate_and_leaves_no_file() -> None:
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(gsdk("cpp"))
        await deployment.wrote("two are playing")
        pid = next(p for p, words in tree(deployment) if "gsdk_client.py" in " ".join(words[1:3]))
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        config = next(Path(e.decode()[17:]) for e in environ if e.startswith(b"GSDK_CONFIG_FILE="))
        assert config.exists()
        deployment.stop()
        await deployment.terminated()
        exits = [each for each in deployment.records if isinstance(each, ContainerExited)]
        assert exits[-1].exit_status == 0
        assert not config.parent.exists()
    assert b"told to terminate" in deployment.stdout
