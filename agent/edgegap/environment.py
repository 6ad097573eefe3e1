"""The platform's injected variables as typed facts."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .host import Host, read_host
from .location import Location, read_location
from .matchmaker import Match, read_match
from .ports import Port, read_ports
from .variables import Variables

REQUEST_ID = "ARBITRIUM_REQUEST_ID"
FALLBACK_REQUEST_IDS = ("EDGEGAP_REQUEST_ID", "EG_REQUEST_ID", "EDGE_REQUEST_ID")
"""Names that a third-party kit (EGIK) reads where the platform's own is absent."""

DOMAIN = "pr.edgegap.net"

_LABEL = re.compile(r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Our container's instance, as far as it can be known from inside; no secret is in it.

    Attributes:
        request_id: the deployment's id.
        fqdn: the deployment's host name.
        is_fqdn_guessed: nothing tells the name: it is made of the request id, which is wrong
            where the app version has a custom domain.
        tags: as they were at the start; later changes are not seen.
        ports: by name.
        is_mocked: ``ARBITRIUM_MOCK_ENV`` is set: an SDK sample fakes the environment.
    """

    request_id: str | None
    public_ip: str | None
    fqdn: str | None
    is_fqdn_guessed: bool
    tags: tuple[str, ...]
    location: Location | None
    ports: dict[str, Port]
    host: Host
    is_mocked: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the variables tell.

    Attributes:
        is_on_edgegap: the platform started us.
        deployment: answered by ``GET /v1/deployment``.
        match: answered by ``GET /v1/match``; None where no matchmaker was at work.
        complaints: one line a bad variable, which it names; without values.
    """

    is_on_edgegap: bool
    deployment: Deployment
    match: Match | None
    complaints: tuple[str, ...]


def facts(environ: Mapping[str, str]) -> Facts:
    """Return what the variables tell; a bad one costs its own fact, nothing else.

    Args:
        environ: the container's environment, with or without the delete URL, the token.
    """
    variables = Variables(environ)
    request_id = _request_id(variables)
    deployment = Deployment(
        request_id=request_id,
        public_ip=_public_ip(variables),
        fqdn=f"{request_id}.{DOMAIN}" if request_id else None,
        is_fqdn_guessed=request_id is not None,
        tags=variables.listing("ARBITRIUM_DEPLOYMENT_TAGS"),
        location=read_location(variables),
        ports=read_ports(variables),
        host=read_host(variables),
        is_mocked=variables.text("ARBITRIUM_MOCK_ENV") is not None,
    )
    return Facts(
        is_on_edgegap=is_on_edgegap(environ),
        deployment=deployment,
        match=read_match(variables),
        complaints=variables.complaints,
    )


def is_on_edgegap(environ: Mapping[str, str]) -> bool:
    """Return whether the platform started us: its own request id or a delete URL is there."""
    return any(environ.get(name, "").strip() for name in (REQUEST_ID, "ARBITRIUM_DELETE_URL"))


def _request_id(variables: Variables) -> str | None:
    names = (REQUEST_ID, *FALLBACK_REQUEST_IDS)
    text = variables.text(*names)
    if text is not None and _LABEL.fullmatch(text) is None:
        variables.complain(variables.first(*names), "is not a deployment's id")
        return None
    return text


def _public_ip(variables: Variables) -> str | None:
    name = "ARBITRIUM_PUBLIC_IP"
    text = variables.text(name)
    if text is None:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        variables.complain(name, "is not an IP address")
        return None
