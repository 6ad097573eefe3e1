"""The deployment is ended through the platform, whatever the platform does."""

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest

from agent.local.deployment import Deployment
from agent.local.faults import Fault, Hang, Refusal, Reset
from agent.local.ledger import ContainerStarted, SelfStopCalled, Status, StopAccepted
from agent.local.platform import Platform
from agent.local.version import RestartPolicy

from .inside import call, url_of, version


def answers(records: list[object]) -> list[str]:
    return [record.answer for record in records if isinstance(record, SelfStopCalled)]


async def end_through(faults: list[Fault]) -> Deployment:
    """Play a match on a platform whose self-stop has these faults, one call after the other."""
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version(faults=faults))
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/ready")
        await call(session, "POST", f"{url}/v1/stop", {"why": "test"})
        await deployment.terminated()
    return deployment


async def test_outage_of_every_kind_ends_in_one_stop() -> None:
    """503 five times; 429 with Retry-After, a reset, a 10 s hang: side by side, to save a minute.

    All of them in one row, with its longer pauses, are in tests/edgegap/test_selfstop.py.
    """
    rows: list[list[Fault]] = [
        [Refusal(503)] * 5,
        [Refusal(429, retry_after=1), Reset(), Hang(10.0)],
    ]
    for deployment in await asyncio.gather(*map(end_through, rows)):
        seen = answers(list(deployment.records))
        assert seen in ([*["503"] * 5, "202"], ["429", "reset", "hang", "202"])
        assert sum(isinstance(r, StopAccepted) for r in deployment.records) == 1
        assert sum(isinstance(r, ContainerStarted) for r in deployment.records) == 1
        assert deployment.exit_status == 0


async def test_rejection_is_said_loudly_and_not_hammered() -> None:
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version(faults=[Refusal(403)] * 50))
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/stop")
        await deployment.wrote("still runs and is billed")
        status = await call(session, "GET", f"{url}/v1/status")
        assert status["self_stop"]["state"] == "rejected"
        assert not status["game"]["running"]
        loud = [line for line in deployment.stderr.splitlines() if b"is billed" in line]
        assert deployment.id.encode() in b"".join(loud)
        deployment.stop()
        await deployment.terminated()
    assert answers(list(deployment.records)) == ["403"]
    assert deployment.exit_status == 0


async def test_stop_before_ready_is_queued_and_carried_out() -> None:
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version(mark_ready_after=None))
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/stop")
        await deployment.recorded(StopAccepted)
        assert Status.READY not in deployment.statuses
        deployment.mark_ready()
        await deployment.terminated()
    assert answers(list(deployment.records)) == ["202"]
    assert deployment.exit_status == 0


async def test_no_second_match_is_started_while_sigterm_does_not_come() -> None:
    """Accepted, yet no SIGTERM under ``restart_policy: always``: the game stays down."""
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(
            version(stop_delay=None, restart_policy=RestartPolicy.ALWAYS)
        )
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/stop")
        await deployment.wrote("awaiting SIGTERM")
        status = await call(session, "GET", f"{url}/v1/status")
        assert status["stop"]["stage"] == "await"
        assert not status["game"]["running"]
        assert sum(isinstance(r, ContainerStarted) for r in deployment.records) == 1
    assert len(re.findall(rb"^pid ", deployment.stdout, re.MULTILINE)) == 1


@pytest.mark.parametrize("where", ["AGENT_PORT", "AGENT_SOCKET"])
async def test_edgegaps_own_call_begins_our_stop(tmp_path: Path, where: str) -> None:
    """A game that ends its deployment by itself, as the platform's samples do: over TCP."""
    place = {"AGENT_PORT": "0", "AGENT_SOCKET": str(tmp_path / "agent.sock")}
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(version("selfstopper.py", env={where: place[where]}))
        await deployment.terminated()
    assert answers(list(deployment.records)) == ["202"]
    assert b"the platform said 202" in deployment.stdout
    assert b"requested" in deployment.stderr
    assert deployment.exit_status == 0
