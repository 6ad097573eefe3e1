"""Who lends a key pair to a container."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec

from .. import clock, journal
from ..errors import SettingsError
from .exchange import Answer, Exchange, judge, shown
from .parcel import Failed, Refused
from .sigv4 import Credentials

ECS = "http://169.254.170.2"
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost", "169.254.170.2", "169.254.170.23",
                    "169.254.169.254", "fd00:ec2::23", "fd00:ec2::254"})  # fmt: skip
"""ECS, EKS, EC2: nobody else gets a token in clear."""
_STS_TAGS = ("AccessKeyId", "SecretAccessKey", "SessionToken")
_CONTAINER_NAMES = ("AccessKeyId", "SecretAccessKey", "Token")

Trouble = Failed | Refused


@dataclass(frozen=True, slots=True)
class Lease:
    """A key pair, with the boot-time second from which it is worth nothing."""

    keys: Credentials
    ends_at: float


Ask = Callable[[Exchange], Awaitable[Lease | Trouble]]


def web_identity(taken: Mapping[str, str], region: str) -> Ask:
    """Return the question to STS, operation AssumeRoleWithWebIdentity; it is not signed.

    Args:
        taken: AWS's variables by what follows their prefix.
        region: whose STS is asked.
    """
    url = taken.get("ENDPOINT_URL_STS", "") or f"https://sts.{region}.amazonaws.com/"

    async def ask(exchange: Exchange) -> Lease | Trouble:
        token = await _read(taken["WEB_IDENTITY_TOKEN_FILE"])  # it is replaced every hour
        if not isinstance(token, str):
            return token
        asked = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": taken["ROLE_ARN"],
            "RoleSessionName": taken.get("ROLE_SESSION_NAME", "arbitrium-agent"),
            "WebIdentityToken": token,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await exchange.send("POST", url, headers, urlencode(asked).encode())
        if not isinstance(answer, Answer):
            return answer
        keys = Credentials(*(answer.tag(name) for name in _STS_TAGS))
        return lease(answer, "STS", keys, answer.tag("Expiration"))

    return ask


def container(taken: Mapping[str, str], prefix: str) -> Ask:
    """Return the question to the container's endpoint.

    Source: docs.aws.amazon.com, SDK reference, "Container credential provider".

    Args:
        taken: AWS's variables by what follows their prefix.
        prefix: that prefix.

    Raises:
        SettingsError: the endpoint would get the token over the network in clear text.
    """
    path = taken.get("CONTAINER_CREDENTIALS_RELATIVE_URI", "")
    url = f"{ECS}{path}" if path else taken["CONTAINER_CREDENTIALS_FULL_URI"]
    if not is_safe(url):
        raise SettingsError(
            f"cannot use {prefix}CONTAINER_CREDENTIALS_FULL_URI: it is neither https nor a"
            " local address; correct it"
        )

    async def ask(exchange: Exchange) -> Lease | Trouble:
        token: str | Refused = taken.get("CONTAINER_AUTHORIZATION_TOKEN", "")
        if file := taken.get("CONTAINER_AUTHORIZATION_TOKEN_FILE", ""):
            token = await _read(file)
        if not isinstance(token, str):
            return token
        answer = await exchange.send("GET", url, {"authorization": token} if token else {})
        if not isinstance(answer, Answer):
            return answer
        keys, end = pair(answer)
        return lease(answer, "the container's endpoint", keys, end)

    return ask


def is_safe(url: str) -> bool:
    """Return whether a token may be sent there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)


async def _read(path: str) -> str | Refused:
    """Read a token, which is a secret from now on."""
    try:
        token = (await asyncio.to_thread(Path(path).read_text)).strip()
    except OSError as error:
        return Refused(f"cannot read the token file: {error.strerror}; is it mounted?")
    except ValueError:
        return Refused("cannot read the token file: it is no text; mount the right one")
    journal.mask(token)
    return token


def pair(answer: Answer) -> tuple[Credentials, str]:
    """Return the key pair of an answer in JSON with the time when it ends; empty where not."""
    try:
        told = msgspec.json.decode(answer.body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = {}
    keys = Credentials(*(str(told.get(name, "")) for name in _CONTAINER_NAMES))
    return keys, str(told.get("Expiration", ""))


def lease(answer: Answer, lender: str, keys: Credentials, end: str) -> Lease | Trouble:
    """Return what was lent; how long it holds is counted by the lender's clock."""
    if not answer.is_good:
        return _trouble(answer, lender)
    if not keys.key_id or not keys.secret:
        return Failed(f"{lender} answers without credentials")
    try:
        at = datetime.fromisoformat(end).timestamp()
    except ValueError:
        return Lease(keys, float("inf"))
    return Lease(keys, clock.now() + at - (answer.date or clock.wall()))


def _trouble(answer: Answer, lender: str) -> Trouble:
    """Return why there are none; what the body says beyond code, message is not shown."""
    code = answer.tag("Code")
    told = f"{lender} lends no credentials: {answer.status} {code} {answer.tag('Message')}".strip()
    outcome = judge(answer)
    if isinstance(outcome, Failed):
        return Failed(shown(told), outcome.after)
    if code == "IDPCommunicationError":  # a 400 that passes
        return Failed(shown(told))
    return Refused(shown(told))
