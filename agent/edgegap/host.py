"""The machine under the deployment."""

from dataclasses import dataclass

from .variables import Variables

NO_FLEET = "PUBLIC_CLOUD"  # what ARBITRIUM_PRIVATE_FLEET_ID says outside fleets


@dataclass(frozen=True, slots=True)
class Beacon:
    """The host's ping target."""

    public_ip: str | None
    udp_port: int | None
    tcp_port: int | None


@dataclass(frozen=True, slots=True)
class Host:
    """What is told of the host, with what we were given of it.

    Attributes:
        base_clock_mhz: the processor's base frequency.
        vcpu_units: 1024 are one virtual processor.
        memory_mb: the container's memory.
        private_fleet_id: None in the public cloud.
        beacon: None where the host has none.
    """

    id: str | None
    base_clock_mhz: int | None
    vcpu_units: int | None
    memory_mb: int | None
    in_private_fleet: bool | None
    private_fleet_id: str | None
    beacon: Beacon | None


def read_host(variables: Variables) -> Host:
    """Return the host; everything about it is optional in practice."""
    fleet = variables.text("ARBITRIUM_PRIVATE_FLEET_ID")
    return Host(
        id=variables.text("ARBITRIUM_HOST_ID"),
        base_clock_mhz=variables.integer("ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY"),
        vcpu_units=variables.integer("ARBITRIUM_DEPLOYMENT_VCPU_UNITS"),
        memory_mb=variables.integer("ARBITRIUM_DEPLOYMENT_MEMORY_MB"),
        in_private_fleet=variables.flag("ARBITRIUM_HOST_IN_PRIVATE_FLEET"),
        private_fleet_id=None if fleet == NO_FLEET else fleet,
        beacon=_beacon(variables),
    )


def _beacon(variables: Variables) -> Beacon | None:
    """Return the beacon; the platform injects one name of the switch, its SDK reads the other."""
    if not variables.flag("ARBITRIUM_HOST_BEACON_ENABLED", "ARBITRIUM_BEACON_ENABLED"):
        return None
    return Beacon(
        public_ip=variables.text("ARBITRIUM_HOST_BEACON_PUBLIC_IP"),
        udp_port=variables.integer("ARBITRIUM_HOST_BEACON_PORT_UDP_EXTERNAL"),
        tcp_port=variables.integer("ARBITRIUM_HOST_BEACON_PORT_TCP_EXTERNAL"),
    )
