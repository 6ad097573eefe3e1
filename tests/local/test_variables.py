"""The container's environment is the one that the platform injects."""

import json
import re
import sys
from collections.abc import Sequence

import pytest

from agent.local.platform import Platform
from agent.local.variables import Identity, assigned, environment, matchmaker
from agent.local.version import Port, RestartPolicy, Version

ORIGIN = "http://127.0.0.1:8000"


def injected(
    ports: Sequence[Port] = (Port(),), **env: str | None
) -> tuple[Identity, dict[str, str]]:
    version = Version(command=["game"], env=env, tags=("a", "b"))
    identity = Identity()
    return identity, environment(version, identity, assigned(ports), ORIGIN)


def test_delete_url_has_the_id_with_the_stop_key() -> None:
    identity, variables = injected()
    assert re.fullmatch("[0-9a-f]{12}", identity.deployment)
    assert variables["ARBITRIUM_REQUEST_ID"] == identity.deployment
    assert variables["ARBITRIUM_DELETE_URL"] == (
        f"{ORIGIN}/v1/self/stop/{identity.deployment}/{identity.stop_key}"
    )
    assert re.fullmatch("[0-9a-f]{32}", variables["ARBITRIUM_DELETE_TOKEN"])
    assert variables["ARBITRIUM_DEPLOYMENT_TAGS"] == "a,b"


def test_ports_are_mapped_by_name_in_a_wrapper() -> None:
    ports = [
        Port(name="Game Port", internal=7777, external=31504),
        Port(name="web-1", protocol="WS"),
    ]
    _, variables = injected(ports)
    mapping = json.loads(variables["ARBITRIUM_PORTS_MAPPING"])
    assert mapping["ports"]["Game Port"] == {
        "name": "Game Port",
        "internal": 7777,
        "external": 31504,
        "protocol": "UDP",
    }
    assert variables["ARBITRIUM_PORT_GAME_PORT_INTERNAL"] == "7777"
    assert variables["ARBITRIUM_PORT_GAME_PORT_EXTERNAL"] == "31504"
    assert variables["ARBITRIUM_PORT_WEB_1_PROTOCOL"] == "WS"
    assert 0 < mapping["ports"]["web-1"]["external"] < 60_000  # drawn


@pytest.mark.parametrize("protocol", ["UDP", "TCP", "TCP/UDP"])
def test_port_0_is_one_to_one(protocol: str) -> None:
    (port,) = assigned([Port(internal=0, protocol=protocol)])
    assert port.internal == port.external
    assert 0 < port.internal < 60_000
    (port,) = assigned([Port(internal=0, external=40_000)])
    assert port.internal == 40_000


def test_custom_variable_wins_or_takes_one_away() -> None:
    _, variables = injected(ARBITRIUM_PORTS_MAPPING="{", ARBITRIUM_HOST_ID=None, MY="1")
    assert variables["ARBITRIUM_PORTS_MAPPING"] == "{"
    assert "ARBITRIUM_HOST_ID" not in variables
    assert variables["MY"] == "1"


def test_tokens_are_not_in_the_repr() -> None:
    identity = Identity()
    assert identity.delete_token not in repr(identity)
    assert identity.context_token not in repr(identity)


def test_matchmaker_variables_name_each_ticket() -> None:
    variables = matchmaker("match-1", "casual", ["t1", "t2"])
    assert json.loads(variables["MM_TICKET_IDS"]) == ["t1", "t2"]
    assert json.loads(variables["MM_TICKET_t2"])["group_id"] == "group-t2"
    assert json.loads(variables["MM_TEAMS"]) == {"team-1": ["group-t1", "group-t2"]}


async def test_container_sees_this_environment_alone(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_TESTER", "1")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    deployment = await platform.deploy(
        Version(
            command=[sys.executable, "-I", "-c", program],
            matchmaker=matchmaker("m", "p", ["t"]),
            restart_policy=RestartPolicy.NEVER,
        )
    )
    await deployment.terminated()
    seen = json.loads(deployment.stdout)
    seen.pop("LC_CTYPE", None)  # the interpreter's own addition
    assert seen == deployment.environment
    assert seen["MM_MATCH_ID"] == "m"
