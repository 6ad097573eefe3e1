"""Every trap of the injected variables that research has found."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.edgegap.environment import Facts, facts, is_on_edgegap

REAL = {
    "ARBITRIUM_REQUEST_ID": "f68e011bfb01",
    "ARBITRIUM_PUBLIC_IP": "162.254.141.66",
    "ARBITRIUM_DELETE_URL": "https://api.edgegap.com/v1/self/stop/f68e011bfb01/463660",
    "ARBITRIUM_DELETE_TOKEN": "6b3f0c1d2e4a5b6c7d8e9f0a1b2c3d4e",
    "ARBITRIUM_CONTEXT_TOKEN": "0123456789abcdef0123456789abcdef",
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
    "ARBITRIUM_DEPLOYMENT_LOCATION": json.dumps(
        {
            "city": "Montreal",
            "country": "Canada",
            "continent": "North America",
            "administrative_division": "Quebec",
            "timezone": "Eastern Time",
            "latitude": 45.513707,
            "longitude": -73.619073,
        }
    ),
    "ARBITRIUM_DEPLOYMENT_TAGS": "tag1,tag2",
    "ARBITRIUM_HOST_ID": "chicago-edge-od-1205-e3-30a8e1",
    "ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY": "2000",
    "ARBITRIUM_DEPLOYMENT_VCPU_UNITS": "1536",
    "ARBITRIUM_DEPLOYMENT_MEMORY_MB": "3072",
    "ARBITRIUM_HOST_IN_PRIVATE_FLEET": "false",
    "ARBITRIUM_PRIVATE_FLEET_ID": "PUBLIC_CLOUD",
    "ARBITRIUM_HOST_BEACON_ENABLED": "false",
    "ARBITRIUM_HOST_BEACON_PUBLIC_IP": "",
    "ARBITRIUM_HOST_BEACON_PORT_UDP_EXTERNAL": "",
    "ARBITRIUM_HOST_BEACON_PORT_TCP_EXTERNAL": "",
}


def test_real_environment_is_read_whole() -> None:
    read = facts(REAL)
    assert read.complaints == ()
    assert read.is_on_edgegap
    assert read.match is None
    assert msgspec.json.decode(msgspec.json.encode(read.deployment)) == {
        "request_id": "f68e011bfb01",
        "public_ip": "162.254.141.66",
        "fqdn": "f68e011bfb01.pr.edgegap.net",
        "is_fqdn_guessed": True,
        "tags": ["tag1", "tag2"],
        "location": json.loads(REAL["ARBITRIUM_DEPLOYMENT_LOCATION"]),
        "ports": {
            "gameport": {
                "name": "gameport",
                "internal": 7777,
                "external": 32013,
                "protocol": "UDP",
                "tls_upgrade": False,
                "is_one_to_one": False,
            }
        },
        "host": {
            "id": "chicago-edge-od-1205-e3-30a8e1",
            "base_clock_mhz": 2000,
            "vcpu_units": 1536,
            "memory_mb": 3072,
            "in_private_fleet": False,
            "private_fleet_id": None,
            "beacon": None,
        },
        "is_mocked": False,
    }


def test_facts_hold_no_secret() -> None:
    read = facts(REAL)
    shown = msgspec.json.encode(read).decode() + repr(read)
    assert REAL["ARBITRIUM_DELETE_TOKEN"] not in shown
    assert REAL["ARBITRIUM_CONTEXT_TOKEN"] not in shown
    assert "463660" not in shown


def test_nothing_there_at_all_is_not_edgegap_and_no_complaint() -> None:
    read = facts({"PATH": "/usr/bin", "AGENT_PORT": "1"})
    assert not read.is_on_edgegap
    assert read.complaints == ()
    assert read.match is None
    assert read.deployment.request_id is None
    assert read.deployment.fqdn is None
    assert not read.deployment.is_fqdn_guessed
    assert read.deployment.ports == {}
    assert read.deployment.location is None


def test_empty_strings_are_the_same_as_nothing_there() -> None:
    empty = dict.fromkeys(REAL, "")
    spaces = dict.fromkeys(REAL, "  ")
    assert facts(empty) == facts(spaces) == facts({})


@pytest.mark.parametrize("name", ["ARBITRIUM_REQUEST_ID", "ARBITRIUM_DELETE_URL"])
def test_on_edgegap_by_the_platform_s_own_variables(name: str) -> None:
    assert is_on_edgegap({name: "x"})
    assert not is_on_edgegap({name: ""})
    assert not is_on_edgegap({"EDGEGAP_REQUEST_ID": "f68e011bfb01"})


@pytest.mark.parametrize("name", ["EDGEGAP_REQUEST_ID", "EG_REQUEST_ID", "EDGE_REQUEST_ID"])
def test_request_id_is_found_under_the_kit_s_fallback_names(name: str) -> None:
    read = facts({name: "f68e011bfb01", "ARBITRIUM_REQUEST_ID": ""})
    assert read.deployment.request_id == "f68e011bfb01"
    assert facts({name: "aaa", "ARBITRIUM_REQUEST_ID": "bbb"}).deployment.request_id == "bbb"


def test_request_id_that_is_none_is_named() -> None:
    read = facts({"EG_REQUEST_ID": "not an id"})
    assert read.deployment.fqdn is None
    assert read.complaints == ("EG_REQUEST_ID is not a deployment's id; going on without it",)


def test_public_ip_may_be_of_version_six_but_not_a_name() -> None:
    assert facts({"ARBITRIUM_PUBLIC_IP": "2001:DB8::1"}).deployment.public_ip == "2001:db8::1"
    read = facts({"ARBITRIUM_PUBLIC_IP": "host"})
    assert read.deployment.public_ip is None
    assert read.complaints == ("ARBITRIUM_PUBLIC_IP is not an IP address; going on without it",)


def test_mocked_environment_is_marked() -> None:
    assert facts({"ARBITRIUM_MOCK_ENV": "1"}).deployment.is_mocked


NAMES = st.sampled_from(
    [
        *REAL,
        "MM_TICKET_IDS",
        "MM_TICKET_a",
        "MM_GROUPS",
        "MM_EQUALITY",
        "ARBITRIUM_PORT_GAME_INTERNAL",
        "ARBITRIUM_PORT_GAME_EXTERNAL",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["ports", "name", "internal", "external", "protocol", "id", "latitude"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
BYTES = st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@settings(max_examples=300)
@given(st.dictionaries(NAMES, JSON.map(json.dumps) | BYTES, max_size=8))
def test_no_environment_makes_the_reading_or_the_answer_fail(environ: dict[str, str]) -> None:
    read = facts(environ)
    assert isinstance(read, Facts)
    answer = msgspec.json.encode((read.deployment, read.match, read.complaints))
    assert msgspec.json.decode(answer) is not None
    for line in read.complaints:
        assert any(line.startswith(name) for name in environ) or "MM_TICKET_IDS names" in line
