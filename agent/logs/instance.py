"""The key pair of an EC2 instance's role, by IMDSv2.

Source: docs.aws.amazon.com, "Use the Instance Metadata Service to access instance metadata".
"""

import asyncio
from collections.abc import Mapping

from ..errors import SettingsError
from .exchange import Answer, Exchange
from .lenders import Ask, Lease, Trouble, is_safe, lease, pair
from .parcel import Failed, Refused

ENDPOINT = "http://169.254.169.254"
SECONDS = 1.0  # a request; who is on no instance never gets an answer
_ROLES = "/latest/meta-data/iam/security-credentials/"
_LENDER = "the instance's metadata"
_TTL = {"x-aws-ec2-metadata-token-ttl-seconds": "21600"}
_NOT_FOUND = 404


def instance(taken: Mapping[str, str], prefix: str) -> Ask:
    """Return the question to the instance's metadata; version 1, without a token, is not asked.

    Args:
        taken: AWS's variables by what follows their prefix.
        prefix: that prefix.

    Raises:
        SettingsError: it is switched off, or the address is not one of this machine.
    """
    if taken.get("EC2_METADATA_DISABLED", "").lower() == "true":
        raise SettingsError(
            f"cannot use credentials=instance: {prefix}EC2_METADATA_DISABLED is true; unset it"
        )
    url = taken.get("EC2_METADATA_SERVICE_ENDPOINT", ENDPOINT).rstrip("/")
    if not is_safe(url):
        raise SettingsError(
            f"cannot use {prefix}EC2_METADATA_SERVICE_ENDPOINT: it is neither https nor a local"
            " address; correct it"
        )

    async def ask(exchange: Exchange) -> Lease | Trouble:
        try:
            return await _asked(exchange, url)
        except TimeoutError:
            return Failed(
                f"{_LENDER} does not answer within {SECONDS:g} s; is this an EC2 instance? set its"
                " hop limit to 2: a container is one hop further"
            )

    return ask


async def _asked(exchange: Exchange, url: str) -> Lease | Trouble:
    token = await _send(exchange, "PUT", f"{url}/latest/api/token", _TTL)
    if not isinstance(token, Answer) or not token.is_good:
        return _no(token)
    headers = {"x-aws-ec2-metadata-token": token.body.decode("latin-1").strip()}
    roles = await _send(exchange, "GET", url + _ROLES, headers)
    if not isinstance(roles, Answer) or not roles.is_good:
        return _no(roles)
    role = roles.text.split(" ")[0]
    answer = await _send(exchange, "GET", f"{url}{_ROLES}{role}", headers)
    if not isinstance(answer, Answer):
        return answer
    keys, end = pair(answer)
    return lease(answer, _LENDER, keys, end)


async def _send(
    exchange: Exchange, method: str, url: str, headers: Mapping[str, str]
) -> Answer | Trouble:
    async with asyncio.timeout(SECONDS):
        return await exchange.send(method, url, headers)


def _no(answer: Answer | Trouble) -> Trouble:
    """Return why there is nothing to go on with."""
    if not isinstance(answer, Answer):
        return answer
    if answer.status == _NOT_FOUND:
        return Refused(f"{_LENDER} knows no role; attach one to the instance")
    if answer.status in {401, 403}:
        return Refused(f"{_LENDER} is switched off: {answer.status}; allow its endpoint")
    return Failed(f"{_LENDER} answers {answer.status} {answer.text}".rstrip())
