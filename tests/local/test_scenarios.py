"""Every scenario holds with a sound agent, and the right one fails with a broken one."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from agent.local import demogame, image, localcommand, proving, verdicts
from agent.local.proving import Verdict
from agent.local.scenarios import SCENARIOS
from agent.local.version import Version
from tests import measured
from tests.tools import need

ROOT = Path(__file__).parents[2]
GAME = [sys.executable, "-I", demogame.__file__]
TEEWORLDS = "sv_port {{ports.gameport.internal}}; sv_register 0"
NAMES = (
    *("happy-path", "nobody-joins", "everybody-leaves", "crash-before-ready", "crash-in-match"),
    *("hang-in-match", "ignores-sigterm", "platform-stop-in-match", "stop-before-ready"),
    *("stop-rejected", "restart-always", "self-stop-outage", "storage-outage", "agent-killed"),
    "agent-frozen",
)
BROKEN = {  # what is patched: the file, the place, what stands there instead
    "self-stop skipped": (
        (
            "orders.py",
            "        if self._errands and (self._self_stop is",
            "        if 0 and (0 is",
        ),
    ),
    "SIGTERM not forwarded": (
        ("pid1/orders.py", "                self._game.signal(signum)", "                pass"),
    ),
    "log flush skipped": (
        ("orders.py", "lambda: self.ship(until, goes_on)", "lambda: self.ship(0.0, False)"),
    ),
    "token leaked": (
        ("pid1/standins.py", 'if policy == "pass"', "if policy"),
        ("pid1/standins.py", 'if policy != "proxy" or not tcp_url', "if policy"),
    ),
}
FAILS = {  # the scenario that must find it, by the promise that it must name
    "self-stop skipped": ("happy-path", "one self-stop ends it at the platform"),
    "SIGTERM not forwarded": (
        *("platform-stop-in-match", "the game is asked to leave, and leaves"),
    ),
    "log flush skipped": ("platform-stop-in-match", "every line of the game is in the store"),
    "token leaked": ("happy-path", "no token of the platform reaches the game, a log or a store"),
}


def behind(entrypoint: str, *command: str) -> Version:
    """Return a version that runs a command behind an entrypoint."""
    env = {"PATH": image.search_path(), **measured.measured(), "AGENT_GRACE": "10s"}
    return Version(command=[entrypoint, "--", *command], env=env, grace=10.0)


def test_every_scenario_of_the_list_is_there() -> None:
    assert tuple(SCENARIOS) == NAMES


def test_all_scenarios_hold_with_the_demo_game(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Side by side, by one command, with a report for a CI's page."""
    monkeypatch.chdir(tmp_path)
    words = ["--scenario", "all", "--junit", "report.xml", "--json", "--", *GAME]
    status = localcommand.main(words)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    broken = [(verdict["broken"], verdict["timeline"]) for verdict in told if verdict["broken"]]
    assert (status, broken) == (0, [])
    assert {verdict["scenario"] for verdict in told} == set(NAMES)
    suite = ET.parse(tmp_path / "report.xml").getroot()
    assert [case.get("name") for case in suite] == list(NAMES)
    assert (suite.get("tests"), suite.get("failures")) == ("15", "0")


async def test_scenarios_hold_with_a_server_that_knows_nothing_of_us() -> None:
    server = need("/usr/games/teeworlds-server", package="teeworlds-server")
    names = ("happy-path", "crash-before-ready", "platform-stop-in-match")
    version = behind(measured.entrypoint(), server, TEEWORLDS)
    for verdict in await proving.prove(names, version, lambda _: None):
        assert not verdict.broken, verdicts.text(verdict)


def broken_agent(folder: Path, fault: str) -> str:
    """Return the entrypoint of a copy of the agent with a fault built in."""
    shutil.copytree(ROOT / "agent", folder / "agent", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "entrypoint.sh", folder)
    for name, place, instead in BROKEN[fault]:
        path = folder / "agent" / name
        text = path.read_text()
        assert place in text, (name, place)
        path.write_text(text.replace(place, instead))
    return str(folder / "entrypoint.sh")


async def test_broken_agents_fail_the_right_scenario(tmp_path: Path) -> None:
    async def find(fault: str) -> Verdict:
        folder = tmp_path / fault
        version = behind(broken_agent(folder, fault), *GAME)
        return await proving.play(FAILS[fault][0], version, patience=12.0)

    for fault, verdict in zip(BROKEN, await asyncio.gather(*map(find, BROKEN)), strict=True):
        assert FAILS[fault][1] in verdict.broken, (fault, verdicts.text(verdict))
        shown = verdicts.text(verdict)
        assert "FAILED" in shown
        assert FAILS[fault][1] in shown
        assert "container started" in shown


async def test_deployment_that_cannot_start_fails_with_the_reason() -> None:
    verdict = await proving.play("happy-path", behind("/nowhere/entrypoint.sh", "game"))
    assert "the scenario can be played to its end" in verdict.broken
    assert "cannot start /nowhere/entrypoint.sh" in verdict.timeline


def verdict(**broken: str) -> Verdict:
    return Verdict("happy-path", "a match", broken, ["kept"], 1.5, "a line \x1b[31m\n")


def test_junit_names_the_broken_promise_with_the_timeline(tmp_path: Path) -> None:
    path = tmp_path / "j.xml"
    verdicts.write_junit(path, [verdict(), verdict(promise="seen <this>")])
    fine, failed = ET.parse(path).getroot()
    assert list(fine) == []
    assert failed[0].get("message") == "promise: seen <this>"
    assert failed[0].text == "a line ?[31m\n"


def test_programs_get_an_object_a_scenario() -> None:
    told = json.loads(verdicts.plain(verdict(promise="why")))
    assert told == {
        "scenario": "happy-path",
        "ok": False,
        "seconds": 1.5,
        "broken": {"promise": "why"},
        "kept": ["kept"],
        "timeline": ["a line \x1b[31m"],
    }


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--scenario sad-path -- x", "cannot play 'sad-path': the scenarios are all, happy-path"),
        ("--scenario happy-path", "cannot deploy: there is no command"),
    ],
)
def test_what_cannot_be_played_is_a_clear_line_by_status_78(
    words: str,
    why: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert localcommand.main(words.split()) == 78
    assert why in capsys.readouterr().err


def test_report_that_cannot_be_written_is_a_clear_line(tmp_path: Path) -> None:
    from agent.errors import SettingsError

    with pytest.raises(SettingsError, match=r"cannot write .*: No such file"):
        verdicts.write_junit(tmp_path / "no" / "j.xml", [])
