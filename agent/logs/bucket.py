"""Signed requests to one bucket of an S3-compatible store."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .. import clock
from .credentials import Keys
from .exchange import Answer, Exchange
from .parcel import Failed, Refused
from .sigv4 import Credentials, Request, Scope, sign

_SKEW_SECONDS = 60.0  # less is no reason to be refused
_ABOUT_US = frozenset({400, 401, 403})
_WORN_OUT = frozenset({"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "RequestExpired",
                       "TokenRefreshRequired"})  # fmt: skip
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """One request, not signed yet.

    Attributes:
        method: POST, PUT or DELETE.
        key: the object's name, without what stands before every name.
        query: names with values, not encoded.
        headers: those that go along, by names in lower case.
        body: what is sent.
        digest: SHA-256 of the body, in hexadecimal; counted here where it is not known.
    """

    method: str
    key: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(repr=False, default=b"")
    digest: str = ""


class Bucket:
    """Signs, sends; learns from a refusal what the clock of the store is."""

    def __init__(self, base: str, path: str, region: str, keys: Keys) -> None:
        """Take the bucket's place.

        Args:
            base: scheme with host, where requests go.
            path: what stands before every name, not encoded, with a slash at its end.
            region: what signatures are for.
            keys: who signs.
        """
        self.base = base
        self.path = path
        self._host = urlsplit(base).netloc
        self._scope = Scope(region)
        self._keys = keys
        self._skew = 0.0  # what the store's clock is ahead of ours, seconds
        self._exchange = Exchange()

    async def ask(self, question: Question) -> Answer | Failed | Refused:
        """Send a request, once more where a refusal told what can be done better."""
        answer = await self._send(question)
        if isinstance(answer, Answer) and self._learn(answer):
            answer = await self._send(question)
        return answer

    async def aclose(self) -> None:
        """Give up what is open."""
        await self._keys.aclose()
        await self._exchange.aclose()

    async def _send(self, question: Question) -> Answer | Failed | Refused:
        keys = await self._keys.current()
        if not isinstance(keys, Credentials):
            return keys
        digest = question.digest or (
            hashlib.sha256(question.body).hexdigest() if question.body else _NOTHING
        )
        request = Request(
            question.method,
            self._host,
            self.path + question.key,
            digest,
            question.query,
            question.headers,
        )
        headers = sign(request, keys, self._scope, clock.wall() + self._skew)
        url = self.base + request.target
        return await self._exchange.send(question.method, url, headers, question.body)

    def _learn(self, answer: Answer) -> bool:
        """Take the store's clock, let go of keys that it does not know; return if that helps."""
        if answer.status not in _ABOUT_US:
            return False
        date = answer.date
        if date is not None and abs(date - clock.wall() - self._skew) > _SKEW_SECONDS:
            self._skew = date - clock.wall()
            return True
        return answer.tag("Code") in _WORN_OUT and self._keys.forget()
