"""What leaves the platform when a deployment is ready or over; only the loopback is reached."""

import hashlib
import ipaddress
from datetime import UTC, datetime

import aiohttp
from msgspec import json
from yarl import URL

from agent import clock
from agent.logs.sigv4 import Credentials, Request, Scope, sign

from .dossier import Dossier
from .records import Storage

_CAP = aiohttp.ClientTimeout(total=10)
_OWNER = "local"
_REGION = "us-east-1"  # what stores on a laptop take to be their own


def is_local(address: str) -> bool:
    """Return whether an address is on this machine's loopback."""
    try:
        host = URL(address).host or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def tell(dossier: Dossier) -> None:
    """Call the webhook of a deployment's owner; once, whatever comes of it."""
    if not is_local(dossier.webhook):
        return
    try:
        async with aiohttp.ClientSession(timeout=_CAP) as session:
            body = json.encode(dossier.status())
            headers = {"Content-Type": "application/json"}
            async with session.post(dossier.webhook, data=body, headers=headers):
                pass
    except (aiohttp.ClientError, TimeoutError):
        return  # as on the platform: there is one try


async def upload(dossier: Dossier, name: str, storage: Storage) -> None:
    """Put a deployment's log into its endpoint storage; if that fails, it is silently not there.

    Args:
        dossier: the deployment's.
        name: the storage's, as it stands in the object's path.
        storage: where.
    """
    if not is_local(storage.endpoint):
        return
    is_text = storage.output_format == "TEXT"
    body = dossier.log.text().encode() if is_text else _ndjson(dossier)
    status = dossier.status()
    file = f"{status.request_id}.{'log' if is_text else 'ndjson'}"
    key = "/".join(
        (
            *("edgegap", "arbitrium", _OWNER, name, status.app_name, status.app_version),
            *("container_log", f"{datetime.now(UTC):%Y-%m-%d}", file),
        )
    )
    base = URL(storage.endpoint)
    request = Request(
        method="PUT",
        host=base.authority,
        path=f"/{storage.bucket}/{key}",
        digest=hashlib.sha256(body).hexdigest(),
    )
    keys = Credentials(storage.access_key_id, storage.secret_access_key)
    headers = sign(request, keys, Scope(_REGION), clock.wall())
    url = URL(f"{base.scheme}://{base.authority}{request.target}", encoded=True)
    try:
        async with (
            aiohttp.ClientSession(timeout=_CAP, raise_for_status=True) as session,
            session.put(url, data=body, headers=headers),
        ):
            dossier.logs_link = str(url)
    except (aiohttp.ClientError, TimeoutError):
        return


def _ndjson(dossier: Dossier) -> bytes:
    return b"".join(json.encode(line) + b"\n" for line in dossier.log.lines)
