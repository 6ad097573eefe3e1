"""One bounded HTTP request to a store, its answer judged."""

import asyncio
import html
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from io import BytesIO

import aiohttp
from yarl import URL

from .. import clock, journal, trust
from ..core.verdicts import retry_after_seconds
from ..errors import PlatformError
from .network import explain
from .parcel import Delivered, Failed, Outcome, Refused

BODY_BYTES = 64 * 1024
CLOSING_SECONDS = 1.0
CONNECTIONS = 8
_TOLD = 200  # characters of an answer
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What passes by itself. OTLP's list is shorter: hand over another."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a store said: at most 64 KiB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether the store took what was sent."""
        return self.status in range(200, 300)

    @property
    def after(self) -> float | None:
        """The seconds that ``Retry-After`` asks for, None where there is no such wish."""
        return retry_after_seconds(self.headers.get("retry-after"), clock.wall())

    @property
    def date(self) -> float | None:
        """The store's clock, in seconds since 1970, None where it does not tell."""
        parts = parsedate_tz(self.headers.get("date"))
        return None if parts is None else float(mktime_tz(parts))

    @property
    def text(self) -> str:
        """The body as one line that may be shown."""
        return shown(self.body[:4096].decode(errors="replace"))

    def tag(self, name: str) -> str:
        """Return the text of the first XML element of that name, or an empty string."""
        found = re.search(rb"<%b>([^<]*)</%b>" % (name.encode(), name.encode()), self.body)
        return html.unescape(found[1].decode(errors="replace")).strip() if found else ""


class Exchange:
    """The connections to one store, made when first needed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer | Failed | Refused:
        """Send a request, without following a redirect: nobody else gets what is in it.

        The time limit is the caller's, see `attempts`.

        Args:
            method: GET, POST or PUT.
            url: sent as it is.
            headers: ``Accept-Encoding: identity`` goes along, so that no small body grows.
            body: sent with its length, never in chunks: some stores refuse those.
        """
        try:
            session = await self._open(secure=url.startswith("https:"))
            async with session.request(
                method,
                URL(url, encoded=True),
                data=BytesIO(body) if body else None,  # in pieces: bytes go in one go
                headers={"accept-encoding": "identity", **headers},
                allow_redirects=False,
            ) as answer:
                return Answer(
                    answer.status,
                    {name.lower(): value for name, value in answer.headers.items()},
                    await _read(answer),
                )
        except PlatformError as error:
            return Refused(str(error))
        except aiohttp.ClientConnectorCertificateError as error:  # a ValueError, too
            return Refused(shown(explain(error)))
        except (aiohttp.InvalidURL, ValueError):
            return Refused(
                "cannot send: the address or a credential holds what HTTP does not take;"
                " correct AGENT_LOG_SINK"
            )
        except (aiohttp.ClientError, OSError) as error:
            return Failed(shown(explain(error)))

    async def aclose(self) -> None:
        """Close what is open, within a second."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await session.close()

    async def _open(self, *, secure: bool) -> aiohttp.ClientSession:
        if secure and self._tls is None:
            # Reading a whole bundle takes tens of milliseconds.
            self._tls = await asyncio.to_thread(trust.context)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls or True, limit=CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": "arbitrium-agent"},
                skip_auto_headers=("content-type",),
            )
        return self._session


def judge(answer: Answer, detail: str = "", retried: frozenset[int] = RETRIED) -> Outcome:
    """Return what an answer means for the parcel.

    What is neither good nor passing is a fault of the configuration, also 404, which an
    ingress says while the store behind it starts (Promtail dropped such batches): the bytes
    are kept in any case.

    Args:
        answer: the store's.
        detail: what it says of itself, where the body is not fit to be shown.
        retried: the status codes that pass by themselves.
    """
    if answer.is_good:
        return Delivered()
    told = f"{answer.status} {detail or answer.text}".rstrip()
    if answer.status in retried:
        return Failed(told, answer.after)
    if answer.status in range(300, 400):
        told = f"{answer.status}: a redirect, which is not followed; correct AGENT_LOG_SINK"
    return Refused(told)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Read what counts: the status stands even where the body breaks off."""
    body = b""
    with suppress(aiohttp.ClientError, OSError):
        while len(body) < BODY_BYTES:
            piece = await answer.content.read(BODY_BYTES - len(body))
            if not piece:
                return body
            body += piece
    answer.close()  # there is more, which nobody wants
    return body


def shown(text: str) -> str:
    """Return *text* as one printable line without our secrets, bounded."""
    line = "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))
    return journal.masked(line)[:_TOLD]
