import json
from typing import Any

import pytest

from agent.checkup import EX_CONFIG, check, examine
from agent.screen import Screen

ON_EDGEGAP = {
    "AGENT_GRACE": "30",
    "AGENT_TOKEN": "sesame-open",
    "ARBITRIUM_REQUEST_ID": "1a9e4ff02cce",
    "ARBITRIUM_PUBLIC_IP": "192.0.2.7",
    "ARBITRIUM_DELETE_URL": "https://api.edgegap.com/v1/self/stop/1a9e4ff02cce/463660",
    "ARBITRIUM_DELETE_TOKEN": "0123456789abcdef0123456789abcdef",
    "ARBITRIUM_PORTS_MAPPING": json.dumps(
        {
            "ports": {
                "gameport": {
                    "name": "gameport",
                    "internal": 7777,
                    "external": 32013,
                    "protocol": "UDP",
                }
            }
        }
    ),
    "ARBITRIUM_DEPLOYMENT_LOCATION": json.dumps({"city": "Montreal", "country": "Canada"}),
    "MM_MATCH_ID": "m-42",
    "MM_TICKET_IDS": '["t1"]',
    "MM_TICKET_t1": json.dumps({"id": "t1", "player_ip": "198.51.100.23"}),
}
HIDDEN = ("sesame-open", "463660", "0123456789abcdef", "198.51.100.23")


def report(capsys: pytest.CaptureFixture[str], environ: dict[str, str]) -> tuple[int, str]:
    status = check(environ, Screen(colours=False), in_json=False)
    return status, capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], environ: dict[str, str]) -> tuple[int, Any]:
    status = check(environ, Screen(colours=False), in_json=True)
    return status, json.loads(capsys.readouterr().out)


def test_laptop_without_any_variable_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = report(capsys, {})
    assert status == 0
    assert "no: neither ARBITRIUM_REQUEST_ID nor ARBITRIUM_DELETE_URL is there" in text
    assert "warning: AGENT_GRACE is not set, so 5s is assumed" in text
    assert text.endswith("ok: nothing is wrong here\n")


def test_deployment_is_shown_without_its_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = report(capsys, ON_EDGEGAP)
    assert status == 0
    assert text.splitlines()[:3] == [
        "settings",
        "  AGENT_GRACE  30s",
        "  AGENT_TOKEN  (set, not shown)",
    ]
    assert text.splitlines()[4:-1] == [
        "deployment",
        "  id          1a9e4ff02cce",
        "  address     192.0.2.7, 1a9e4ff02cce.pr.edgegap.net (guessed from the id)",
        "  place       Montreal, Canada",
        "  port        gameport: UDP 7777, outside 32013",
        "  match       m-42, 1 of 1 tickets",
        "  secrets     ARBITRIUM_DELETE_TOKEN, ARBITRIUM_DELETE_URL (values not shown)",
    ]
    assert not any(hidden in text for hidden in HIDDEN)


def test_deployment_that_tells_little_is_shown_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, text = report(capsys, {"ARBITRIUM_REQUEST_ID": "1a9e4ff02cce"})
    assert "  address     unknown, 1a9e4ff02cce.pr.edgegap.net" in text
    assert "  place       unknown\n  port        none declared\n  secrets     none" in text


def test_scripts_get_everything_but_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = as_json(capsys, ON_EDGEGAP)
    assert status == 0
    assert told["ok"]
    assert told["is_on_edgegap"]
    assert told["settings"]["AGENT_GRACE"] == "30s"
    assert told["deployment"]["ports"]["gameport"]["internal"] == 7777
    assert told["match"]["tickets"]["t1"]["player_ip"] == "***"
    assert told["secrets"] == ["ARBITRIUM_DELETE_TOKEN", "ARBITRIUM_DELETE_URL"]
    assert told["faults"] == told["notices"] == []
    assert not any(hidden in json.dumps(told) for hidden in HIDDEN)


def test_every_fault_gets_one_line_by_status_78(capsys: pytest.CaptureFixture[str]) -> None:
    broken = {
        **ON_EDGEGAP,
        "AGENT_GRACE": "soon",
        "AGENT_DRAINS": "3s",
        "AGENT_DRAIN": "30s",
        "ARBITRIUM_PORTS_MAPPING": "{",
    }
    status, text = report(capsys, broken)
    assert status == EX_CONFIG
    errors = [line for line in text.splitlines() if line.startswith("error: ")]
    assert [line.split()[1:4] for line in errors] == [
        ["AGENT_DRAINS", "is", "not"],
        ["cannot", "use", "AGENT_GRACE:"],
        ["ARBITRIUM_PORTS_MAPPING", "is", "not"],
    ]
    assert "warning: AGENT_DRAIN=30s is cut to 15s" in text
    assert "ok:" not in text


def test_scripts_get_the_faults(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = as_json(capsys, {"AGENT_GRACE": "soon"})
    assert status == EX_CONFIG
    assert not told["ok"]
    assert told["match"] is None
    (fault,) = told["faults"]
    assert fault.startswith("cannot use AGENT_GRACE: 'soon'")


def test_names_of_further_secrets_are_known() -> None:
    found = examine({"AGENT_SECRET_NAMES": "DB_*", "DB_PASSWORD": "x", "DATABASE": "y"})
    assert found.secrets == ("DB_PASSWORD",)


def test_ports_that_are_not_declared_are_named_with_those_that_are() -> None:
    asked = {
        "AGENT_READY_PORT": "ready",
        "AGENT_READY_WHEN": "any(udp:gmeport, http:8080/)",
        "AGENT_HEALTH_WHEN": "a2s:query",
    }
    assert examine(ON_EDGEGAP | asked).faults == (
        "AGENT_READY_PORT=ready is no declared port; name one of gameport",
        "AGENT_READY_WHEN: gmeport is no declared port; name one of gameport",
        "AGENT_HEALTH_WHEN: query is no declared port; name one of gameport",
    )
    at_home = examine(asked)
    assert at_home.faults == ()
    assert any("declare it in the app version as TCP" in line for line in at_home.notices)
