"""Who signs: a fixed key pair, or one that is lent for a while."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from .. import clock, journal
from ..errors import SettingsError
from .exchange import Exchange
from .lenders import Ask, Lease, Trouble, container, web_identity
from .parcel import Failed
from .sigv4 import Credentials

OURS = "AGENT_LOG_AWS_"
THEIRS = "AWS_"
"""The game may have an AWS account of its own, so our names come first."""

_NAMES = frozenset({
    "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN",
    "ROLE_ARN", "ROLE_SESSION_NAME", "WEB_IDENTITY_TOKEN_FILE", "ENDPOINT_URL_STS",
    "CONTAINER_CREDENTIALS_RELATIVE_URI", "CONTAINER_CREDENTIALS_FULL_URI",
    "CONTAINER_AUTHORIZATION_TOKEN", "CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "EC2_METADATA_DISABLED", "EC2_METADATA_SERVICE_ENDPOINT",
})  # fmt: skip
RENEWAL_SECONDS = 300.0  # before the end; STS lends for an hour, containers for six
_PATIENCE_SECONDS = 2.0  # for a renewal, while the old pair still holds
_REPEAT_SECONDS = 30.0  # after a renewal that failed: no upload of a stop pays twice


class Keys(Protocol):
    """Where signatures get their key pair from."""

    async def current(self) -> Credentials | Trouble:
        """Return the pair that holds now, or why there is none."""
        ...

    def forget(self) -> bool:
        """Take note that the store does not know the pair; say whether there can be another."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


class Fixed:
    """A pair that stays."""

    def __init__(self, keys: Credentials) -> None:
        self._keys = keys

    async def current(self) -> Credentials:
        """Return the pair."""
        return self._keys

    def forget(self) -> bool:
        """Say that there is no other."""
        return False

    async def aclose(self) -> None:
        """Have nothing to close."""


class Renewed:
    """A pair that is lent, and asked for anew five minutes before it ends."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._exchange = Exchange()
        self._lock = asyncio.Lock()
        self._lease: Lease | None = None
        self._ask_at = 0.0

    async def current(self) -> Credentials | Trouble:
        """Return the pair; while the old one holds, a lender's outage is no trouble."""
        async with self._lock:  # several uploads, one question
            held, now = self._lease, clock.now()
            if held is not None and now < self._ask_at:
                return held.keys
            still_good = held is not None and now < held.ends_at
            got: Lease | Trouble = Failed("no answer")
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS if still_good else None):
                    got = await self._ask(self._exchange)
            if isinstance(got, Lease):
                return self._take(got)
            if held is None or not still_good:
                return got
            self._ask_at = min(now + _REPEAT_SECONDS, held.ends_at)
            return held.keys

    def _take(self, lease: Lease) -> Credentials:
        journal.mask(lease.keys.secret)
        journal.mask(lease.keys.token)
        self._lease = lease
        self._ask_at = lease.ends_at - RENEWAL_SECONDS
        return lease.keys

    def forget(self) -> bool:
        """Ask anew at the next use."""
        had, self._lease = self._lease is not None, None
        return had

    async def aclose(self) -> None:
        """Close the connection to the lender."""
        await self._exchange.aclose()


def find(
    user: str, password: str, region: str, found: Mapping[str, str], source: str = ""
) -> Keys:
    """Return where the key pair comes from.

    The URL's own comes first, then our variables, then those of AWS; in each of these a key
    pair, a web identity (EKS, or any OpenID provider), a container's endpoint (ECS, EKS).
    An instance's role is used only where it is asked for: elsewhere nobody would answer.

    Args:
        user: the URL's key id, or an empty string.
        password: the URL's secret key.
        region: where STS is asked.
        found: every variable.
        source: ``instance`` for the role of an EC2 instance, whatever else there is.

    Raises:
        SettingsError: there is none, or a half of one.
    """
    if source:
        return Renewed(_instance(source, found))
    if user or password:
        return Fixed(_pair("the URL", user, password, ""))
    for prefix in (OURS, THEIRS):
        taken = _taken(prefix, found)
        keys = _find(prefix, taken, region)
        if keys is not None:
            return keys
    raise SettingsError(
        "cannot sign for S3: no credentials; set AGENT_LOG_AWS_ACCESS_KEY_ID with"
        " AGENT_LOG_AWS_SECRET_ACCESS_KEY, or write s3://KEY:SECRET@bucket/…; on an EC2 instance"
        " add credentials=instance"
    )


def _instance(source: str, found: Mapping[str, str]) -> Ask:
    if source != "instance":
        raise SettingsError(
            f"cannot use credentials={ascii(source)[1:-1][:20]}: it is not known; write instance,"
            " or leave it out"
        )
    from .instance import instance  # the others need none of it

    ours, theirs = _taken(OURS, found), _taken(THEIRS, found)
    return instance(theirs | ours, OURS if "EC2_METADATA_DISABLED" in ours else THEIRS)


def _taken(prefix: str, found: Mapping[str, str]) -> dict[str, str]:
    """Return AWS's variables by what follows their prefix."""
    taken = {
        name.removeprefix(prefix): value.strip()
        for name, value in found.items()
        if name.startswith(prefix) and name.removeprefix(prefix) in _NAMES and value.strip()
    }
    for name, value in taken.items():
        if not (value.isascii() and value.isprintable()):
            raise SettingsError(
                f"cannot use {prefix}{name}: it holds what AWS never gives; correct it"
            )
    return taken


def _find(prefix: str, taken: Mapping[str, str], region: str) -> Keys | None:
    key_id, secret = taken.get("ACCESS_KEY_ID", ""), taken.get("SECRET_ACCESS_KEY", "")
    if key_id or secret:
        return Fixed(_pair(f"{prefix}*", key_id, secret, taken.get("SESSION_TOKEN", "")))
    if {"WEB_IDENTITY_TOKEN_FILE", "ROLE_ARN"} <= taken.keys():
        return Renewed(web_identity(taken, region))
    if any(f"CONTAINER_CREDENTIALS_{kind}_URI" in taken for kind in ("RELATIVE", "FULL")):
        return Renewed(container(taken, prefix))
    return None


def _pair(where: str, key_id: str, secret: str, token: str) -> Credentials:
    if not key_id or not secret:
        missing = "access key id" if not key_id else "secret access key"
        raise SettingsError(f"cannot sign for S3: {where} lacks the {missing}; give both")
    if not f"{key_id}{secret}".isascii():
        raise SettingsError(
            f"cannot sign for S3: the key pair of {where} is not ASCII; correct it"
        )
    for part in (secret, token):
        journal.mask(part)
    return Credentials(key_id, secret, token)
