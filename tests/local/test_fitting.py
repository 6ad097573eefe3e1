"""An app version is made of one file, and checked before it is deployed."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from agent.cli import main
from agent.errors import SettingsError
from agent.local import appversion, fitting

from .test_manifest import WHOLE, written

DOCUMENT = json.loads(Path(__file__).with_name("edgegap-v1.openapi.json").read_text("utf-8"))
PORT = {"name": "gameport", "port": 7777, "protocol": "UDP", "to_check": False}


def version(**change: Any) -> dict[str, Any]:
    return {
        "restart_policy": "never",
        "termination_grace_period_seconds": 30,
        "ports": [PORT],
        "envs": [{"key": "AGENT_GRACE", "value": "30s"}],
        **change,
    }


def envs(**more: str) -> list[dict[str, str]]:
    known = {"AGENT_GRACE": "30s", **more}
    return [{"key": key, "value": value} for key, value in known.items()]


def test_version_is_what_the_document_asks_for_and_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "match.json").write_text("{}")
    path = written(tmp_path, WHOLE.replace("[envs]", "[envs]\nAGENT_MAX_DURATION = '55m'"))
    assert main(["version", str(path)]) == 0
    told = capsys.readouterr().out
    schema = DOCUMENT["components"]["schemas"]["AppVersionPayload"]
    made = json.loads(told)
    jsonschema_rs.validate({**schema, "components": DOCUMENT["components"]}, made)
    assert (made["docker_repository"], made["docker_image"], made["docker_tag"]) == (
        *("registry.example.com", "studio/my-game", "1.2.0"),
    )
    assert (made["req_cpu"], made["max_duration"]) == (1536, 60)
    (tmp_path / "version.json").write_text(told)
    assert main(["check", "--against", str(tmp_path / "version.json")]) == 0
    assert "ok" in capsys.readouterr().out


def test_version_without_an_image_is_a_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["version", str(written(tmp_path, ""))]) == 78
    assert "names no image; write" in capsys.readouterr().err
    with pytest.raises(SettingsError, match="cannot read"):
        appversion.body(tmp_path / "no.toml")


def found(tmp_path: Path, plain: object) -> list[str]:
    path = tmp_path / "version.json"
    path.write_text(json.dumps(plain))
    return fitting.faults(path)


def test_version_that_fits_has_no_fault(tmp_path: Path) -> None:
    assert found(tmp_path, version()) == []
    ready = {"name": "ready", "port": 7000, "protocol": "TCP", "to_check": True}
    for word in ("ready", "7000"):
        whole = version(ports=[PORT, ready], envs=envs(AGENT_READY_PORT=word))
        assert found(tmp_path, whole) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"termination_grace_period_seconds": 10}, "SIGKILL would come before we are done"),
        ({"termination_grace_period_seconds": 60}, "killed early; set AGENT_GRACE=60"),
        ({"envs": []}, "AGENT_GRACE is not set, so 5s, less than"),
        ({"envs": envs(AGENT_DRAIN="soon")}, "cannot use AGENT_DRAIN: 'soon'"),
        ({"envs": envs(BIG="x" * 5000)}, "BIG is longer than 4 KB"),
        (
            {"restart_policy": "always", "envs": envs(AGENT_ON_GAME_EXIT="exit")},
            "AGENT_ON_GAME_EXIT=exit ends the container, which restart_policy always starts again",
        ),
        ({"ports": [{**PORT, "to_check": True}]}, "to_check of gameport checks a UDP port"),
        ({"ports": [{"port": 0, "protocol": "TCP"}]}, "a port 0 has no name"),
        ({"ports": [{**PORT, "port": 8655}]}, "opens the agent's own API to the world"),
        ({"ports": [PORT, {**PORT, "name": "b"}]}, "b declares 7777/UDP a second time"),
        ({"envs": envs(AGENT_READY_PORT="7000")}, "AGENT_READY_PORT=7000 makes nothing READY"),
        ({"max_duration": 60}, r"before AGENT_MAX_DURATION \(23h30m\) announces it; set .* 60m"),
        ({"req_cpu": 100, "req_memory": 300}, "more than double req_cpu"),
    ],
)
def test_what_does_not_fit_is_named_with_its_fix(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    import re

    (line,) = found(tmp_path, version(**change))
    assert re.search(why, line), line


def test_faults_are_printed_by_status_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "version.json"
    path.write_text(json.dumps(version(envs=[])))
    assert main(["check", "--against", str(path)]) == 78
    assert "error: AGENT_GRACE is not set" in capsys.readouterr().out
    assert main(["check", "--json", "--against", str(path)]) == 78
    assert json.loads(capsys.readouterr().out)["ok"] is False


@pytest.mark.parametrize("plain", [[], {"ports": [{}]}])
def test_what_is_no_version_is_a_clear_error(tmp_path: Path, plain: object) -> None:
    with pytest.raises(SettingsError, match="cannot use"):
        found(tmp_path, plain)
