"""Sinks tried with one line, as ``arbitrium-agent check --probe`` does."""

import asyncio
import json
from pathlib import Path

import pytest

from agent.checkup import check
from agent.logs.probe import faults, try_all
from agent.screen import Screen
from tests.fakes.logstore import HANG, Reply, Store

SECRET = "k3y-of-the-store"


async def checked(
    capsys: pytest.CaptureFixture[str], sinks: str, *, in_json: bool = False
) -> tuple[int, str]:
    """Run the check beside the store; return its status, what it printed."""
    environ = {"AGENT_GRACE": "30", **({"AGENT_LOG_SINK": sinks} if sinks else {})}
    screen = Screen(colours=False)
    status = await asyncio.to_thread(check, environ, screen, in_json=in_json, probe=True)
    told = capsys.readouterr().out
    assert SECRET not in told
    return status, told


async def test_every_sink_gets_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async with Store() as store:
        sinks = f"{store.url}/in?token={SECRET}, file://{tmp_path}"
        status, told = await checked(capsys, sinks)
    assert status == 0
    assert f"log sinks\n  {store.url}/in  has it after " in told
    assert f"  file://{tmp_path}  has it after " in told
    line = json.loads(store.requests[0].text)
    assert line["message"] == "arbitrium-agent check --probe: this line can be deleted"
    assert line["service.instance.id"].startswith("probe-")
    assert any(path.is_file() for path in tmp_path.rglob("*"))


async def test_sink_that_refuses_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    async with Store(Reply(401, body=f"bad {SECRET}".encode()), Reply()) as store:
        sinks = f"{store.url}/a?token={SECRET}"
        status, told = await checked(capsys, sinks)
        assert status == 78
        assert f"cannot send logs to {store.url}/a: 401 bad ***" in told
        status, told = await checked(capsys, sinks, in_json=True)
    assert status == 0
    [tried] = json.loads(told)["sinks"]
    assert tried["ok"] is True
    assert tried["sink"] == f"{store.url}/a"


async def test_sink_that_cannot_be_used_is_told_once_with_or_without_the_probe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, told = await checked(capsys, "s3://bucket?regoin=x")
    assert status == 78
    assert told.count("did you mean region?") == 1
    assert "no log sink was tried" not in told
    assert len(faults({"AGENT_LOG_SINK": "s3://bucket?regoin=x https://h"})) == 1


async def test_no_sink_is_told_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = await checked(capsys, "")
    assert status == 0
    assert "no log sink was tried: AGENT_LOG_SINK is not here" in told


async def test_sink_that_hangs_or_throws_away_is_not_fine() -> None:
    rejected = Reply(body=b'{"partialSuccess": {"rejectedLogRecords": 1}}')
    async with Store(HANG) as hanging, Store(rejected) as picky:
        environ = {"AGENT_LOG_SINK": f"{hanging.url} {picky.url}/v1/logs"}
        first, second = await try_all(environ, seconds=0.3)
    assert (first.ok, first.detail) == (False, "no answer within 0.3 s")
    assert (second.ok, second.detail) == (False, "it takes requests, but threw our line away")
