"""What on-call sees of a deployment into which nobody can look."""

import json
from typing import Any

import aiohttp
import pytest
from prometheus_client.openmetrics import parser

from agent.local.deployment import Deployment
from agent.local.ledger import SelfStopCalled
from agent.local.platform import Platform
from agent.local.version import RestartPolicy

from .inside import call, kill_agent, url_of, version

JSON: dict[str, str | None] = {"AGENT_LOG_FORMAT": "json", "AGENT_STATUS_PERIOD": "500ms"}
ACCEPT = {"Accept": "application/openmetrics-text; version=1.0.0"}


def rows(deployment: Deployment, line: str) -> list[dict[str, Any]]:
    """Return the agent's records of one kind."""
    found = [text for text in deployment.stderr.splitlines() if text.startswith(b"{")]
    return [row for row in map(json.loads, found) if row.get("line") == line]


async def scrape(session: aiohttp.ClientSession, url: str) -> dict[str, float]:
    """Return the samples by name with their labels' values."""
    async with session.get(f"{url}/metrics", headers=ACCEPT) as answer:
        text = await answer.text()
    families = parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {
        " ".join((sample.name.removeprefix("arbitrium_"), *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_status_lines_metrics_and_bill_go_on_under_a_new_agent() -> None:
    """1. Players come. 2. The agent is killed. 3. They leave. 4. The deployment ends, billed."""
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version(env={**JSON, "AGENT_EVERYBODY_LEFT": "2s"}))
        url = await url_of(deployment)
        await call(session, "PUT", f"{url}/v1/players", {"ids": ["ann"], "capacity": 8})
        await deployment.wrote('"players": 1')
        before = await scrape(session, url)
        await kill_agent(deployment)
        status = await call(session, "GET", f"{url}/v1/status")
        assert status["agent_starts"] == 2
        await deployment.wrote('"agent_starts": 2')
        after = await scrape(session, url)
        await call(session, "PUT", f"{url}/v1/players", {"count": 0})
        await deployment.wrote("s of 2 s, 0 players by api")
        await deployment.terminated()
    assert before["phase in_match"] == after["phase in_match"] == 1
    assert after["used_seconds_total played"] > before["used_seconds_total played"]
    assert after["agent_starts_total"] == 2
    assert after["players"] == 1
    assert after["process_threads game"] == 1
    # Counted anew for each scrape, by PID 1, which lives through all of them.
    assert after["output_bytes_total stdout in"] >= before["output_bytes_total stdout in"] > 0
    assert after["process_memory_bytes init"] > 1 << 20
    status_rows = rows(deployment, "status")
    assert {row["boot"] for row in status_rows} == {status["boot_id"]}
    assert {"ready", "in_match", "stopping", "stopped"} <= {row["phase"] for row in status_rows}
    assert all(row["memory_mib"] > 0 and row["uptime_seconds"] > 0 for row in status_rows)
    assert any("game_cores" in row for row in status_rows)
    (bill,) = rows(deployment, "bill")
    assert (bill["boot"], bill["stop"]) == (status["boot_id"], "everybody_left")
    assert 2 <= bill["leave_to_stop_seconds"] <= 60
    assert bill["minutes_played"] >= round(after["used_seconds_total played"] / 60, 1)


@pytest.mark.parametrize("mode", ["observe", None], ids=["asked-for", "outside-edgegap"])
async def test_observing_every_stop_of_our_own_is_said_once_counted_not_done(
    mode: str | None,
) -> None:
    """Idle, health, the longest life; where it was asked for, the match's end and calls too."""
    limits = {"AGENT_NOBODY_JOINED": "300ms", "AGENT_MAX_DURATION": "2s", "AGENT_PLAYERS": "api"}
    env = {**JSON, **limits, "AGENT_MODE": mode, "AGENT_MAX_DURATION_WARNING": "0"}
    if mode is None:
        env["ARBITRIUM_DELETE_URL"] = None
    concluded = {"nobody_joined": 1, "game_unhealthy": 1, "max_duration": 1}
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version(env=env))
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/ready")
        await call(session, "POST", f"{url}/v1/health", {"status": "unhealthy"})
        if mode is not None:
            await call(session, "POST", f"{url}/v1/match/end", {"id": "m-1"})
            await call(session, "POST", f"{url}/v1/stop", {"why": "enough"})
            await call(session, "POST", f"{url}/v1/stop", {"why": "enough"})
            concluded |= {"match_ended": 1, "requested": 2}
        for reason in concluded:
            await deployment.wrote(f"would stop: {reason}")
        status = await call(session, "GET", f"{url}/v1/status")
        figures = await scrape(session, url)
        deployment.stop()
        await deployment.terminated()
    assert status["would_stop"] == concluded
    assert status["mode"] == "observe"
    assert (status["phase"], status["stop"]) == ("ready", None)
    for reason, count in concluded.items():
        assert deployment.stderr.count(f"would stop: {reason}".encode()) == 1
        assert figures[f"would_stops_total {reason}"] == count
    assert not [r for r in deployment.records if isinstance(r, SelfStopCalled)]


@pytest.mark.parametrize(
    ("expected", "status", "told"),
    [
        ("ready,set_players", 0, "the calls were as AGENT_EXPECT says"),
        ("ready,set_players,health", 1, "missing health"),
    ],
)
async def test_calls_are_judged_at_the_end_whichever_agent_heard_them(
    expected: str, status: int, told: str
) -> None:
    """1. One call before the agent's death, one after it. 2. A read counts for nothing."""
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(
            version(env={"AGENT_EXPECT": expected}, restart_policy=RestartPolicy.NEVER)
        )
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/ready")
        await kill_agent(deployment)
        await call(session, "PUT", f"{url}/v1/players", {"count": 0})
        await call(session, "GET", f"{url}/v1/status")
        deployment.stop()
        await deployment.terminated()
    assert told.encode() in deployment.stderr
    assert deployment.exit_status == status
