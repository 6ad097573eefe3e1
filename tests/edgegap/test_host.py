"""The machine under the deployment."""

import msgspec
import pytest

from agent.edgegap.environment import facts


@pytest.mark.parametrize("name", ["ARBITRIUM_HOST_BEACON_ENABLED", "ARBITRIUM_BEACON_ENABLED"])
def test_beacon_is_seen_under_both_names_of_its_switch(name: str) -> None:
    read = facts(
        {
            name: "True",
            "ARBITRIUM_HOST_BEACON_PUBLIC_IP": "1.2.3.4",
            "ARBITRIUM_HOST_BEACON_PORT_UDP_EXTERNAL": "30001",
            "ARBITRIUM_HOST_BEACON_PORT_TCP_EXTERNAL": "",
        }
    )
    assert msgspec.to_builtins(read.deployment.host.beacon) == {
        "public_ip": "1.2.3.4",
        "udp_port": 30001,
        "tcp_port": None,
    }
    assert read.complaints == ()


def test_bad_numbers_or_switches_are_named_each_once() -> None:
    read = facts(
        {
            "ARBITRIUM_DEPLOYMENT_MEMORY_MB": "lots",
            "ARBITRIUM_DEPLOYMENT_VCPU_UNITS": "-1",
            "ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY": "9" * 5000,
            "ARBITRIUM_HOST_IN_PRIVATE_FLEET": "maybe",
            "ARBITRIUM_PRIVATE_FLEET_ID": "fleet-7",
        }
    )
    assert read.deployment.host.private_fleet_id == "fleet-7"
    assert read.deployment.host.memory_mb is None
    assert [line.split()[0] for line in read.complaints] == [
        "ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY",
        "ARBITRIUM_DEPLOYMENT_VCPU_UNITS",
        "ARBITRIUM_DEPLOYMENT_MEMORY_MB",
        "ARBITRIUM_HOST_IN_PRIVATE_FLEET",
    ]
    assert "lots" not in repr(read.complaints)
