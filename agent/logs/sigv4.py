"""AWS Signature Version 4, in the request's headers.

Source: docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header".
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair, with a session token where it is a temporary one."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for."""

    region: str
    service: str = "s3"


@dataclass(frozen=True, slots=True)
class Request:
    """What is signed.

    Attributes:
        method: GET, POST or PUT.
        host: as in the Host header.
        path: not yet encoded.
        query: names with values, not yet encoded.
        headers: those that are signed besides our own, by names in lower case.
        digest: SHA-256 of the body, in hexadecimal.
    """

    method: str
    host: str
    path: str
    digest: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path with query as they are sent, so that they are what was signed."""
        query = _query(self.query)
        return f"{quote(self.path)}?{query}" if query else quote(self.path)


def sign(request: Request, keys: Credentials, scope: Scope, at: float) -> dict[str, str]:
    """Return all headers to send, the signature among them.

    Args:
        request: what is signed.
        keys: who signs.
        scope: where it holds.
        at: the store's clock, seconds since 1970; 15 minutes off is refused.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    headers = {
        **{name: " ".join(value.split()) for name, value in request.headers.items()},
        "host": request.host,
        "x-amz-content-sha256": request.digest,
        "x-amz-date": stamp,
    }
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    signed = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            request.method,
            quote(request.path),
            _query(request.query),
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            signed,
            request.digest,
        ]
    )
    place = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signature = _mac(_key(keys.secret, place), f"{ALGORITHM}\n{stamp}\n{place}\n{digest}").hex()
    headers["authorization"] = (
        f"{ALGORITHM} Credential={keys.key_id}/{place},SignedHeaders={signed},"
        f"Signature={signature}"
    )
    return headers


def _key(secret: str, place: str) -> bytes:
    """Derive the day's key, part by part of the scope."""
    key = f"AWS4{secret}".encode()
    for part in place.split("/"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _query(query: Mapping[str, str]) -> str:
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)
