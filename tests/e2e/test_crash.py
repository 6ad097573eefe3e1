"""A game that hangs or dies leaves a report that tells what its engine had to say."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.local.platform import Platform
from agent.local.version import RestartPolicy

from .inside import call, url_of, version

HANGS: dict[str, str | None] = {
    "AGENT_HEALTH_TIMEOUT": "1s",
    "AGENT_STOP_TIMEOUT": "6s",
    "AGENT_HANG_CAP": "2s",
}


@pytest.mark.parametrize("how", ["spin", "sleep"])
async def test_hung_game_leaves_a_report_with_its_call_stack(how: str, tmp_path: Path) -> None:
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(
            version("hangs.py", how, str(tmp_path), env=HANGS, stop_delay=None)
        )
        url = await url_of(deployment)
        await deployment.wrote("awaiting SIGTERM")
        report = await call(session, "GET", f"{url}/v1/crash")
        kept = json.loads(Path(report["path"]).read_text())
    assert kept == report
    assert (report["kind"], report["signal"]) == ("hung", "SIGABRT")
    assert "no health ping" in report["why"]
    assert "in wait_for_the_render_thread" in "\n".join(text(report))
    threads = report["hang"]["threads"]
    assert len(threads) == 2
    assert threads[0]["state"] == ("R" if how == "spin" else "S")
    assert [line["text"] for line in report["hang"]["lines"]][-1] == "the last frame"
    assert b"the game hung: killed by SIGABRT" in deployment.stderr


async def test_hung_game_that_is_restarted_leaves_a_report_too() -> None:
    more: dict[str, str | None] = {"AGENT_ON_UNHEALTHY": "restart", "AGENT_HANG_CAP": "20s"}
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version("hangs.py", "sleep", env={**HANGS, **more}))
        url = await url_of(deployment)
        await deployment.wrote("the report: ")
        report = await call(session, "GET", f"{url}/v1/crash")
        deployment.stop()
        await deployment.terminated()
    assert report["kind"] == "hung"
    assert "in wait_for_the_render_thread" in "\n".join(text(report))


async def test_crash_outside_edgegap_is_reported_before_the_container_ends(tmp_path: Path) -> None:
    """The last 200 lines, how it died, for how long it ran, who was there."""
    env: dict[str, str | None] = {
        "AGENT_CRASH_DIR": str(tmp_path),
        "ARBITRIUM_DELETE_URL": None,
        "AGENT_ON_GAME_CRASH": "stop",
    }
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(
            version("crasher.py", "SIGSEGV", "300", env=env, restart_policy=RestartPolicy.NEVER)
        )
        await deployment.terminated()
    (path,) = tmp_path.glob("*-crash-*.json")
    report = json.loads(path.read_text())
    assert (report["kind"], report["signal"], report["exit_code"]) == ("crashed", "SIGSEGV", 139)
    assert (report["was_ready"], report["players"]) == (True, 3)
    assert len(report["lines"]) == 200
    assert text(report)[-3] == "line 299"
    assert report["uptime_seconds"] > 0
    assert report["path"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"the report: {path}".encode() in deployment.stderr


async def test_each_crash_of_a_restarted_game_is_reported(tmp_path: Path) -> None:
    env: dict[str, str | None] = {
        "AGENT_CRASH_DIR": str(tmp_path),
        "AGENT_ON_GAME_CRASH": "restart",
    }
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(version("crasher.py", "SIGSEGV", env=env))
        await deployment.wrote("crash-000002.json")
        deployment.stop()
        await deployment.terminated()
    first, second = (json.loads(path.read_text()) for path in sorted(tmp_path.glob("*.json"))[:2])
    assert [first["number"], second["number"]] == [1, 2]
    assert [first["restarts"], second["restarts"]] == [0, 1]


def text(report: dict[str, Any]) -> list[str]:
    return [line["text"] for line in report["lines"]]
