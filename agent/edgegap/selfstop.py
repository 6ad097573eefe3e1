"""The self-stop call, carried until an answer counts."""

import asyncio
import math
import random
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import msgspec
import tenacity

from .. import clock, trust
from ..core import selfstop, verdicts
from ..core.events import (
    Event,
    SelfStopAccepted,
    SelfStopFailed,
    SelfStopGone,
    SelfStopRejected,
)
from ..errors import PlatformError

if TYPE_CHECKING:  # aiohttp's client costs megabytes: most deployments need it once, at the end
    import aiohttp

ATTEMPT_SECONDS = 10.0
MESSAGE_SECONDS = 2.0  # the verdict is in the status line: its text is worth no more
BODY_BYTES = 64 * 1024

_REPORTS: dict[str, type[SelfStopAccepted | SelfStopGone | SelfStopRejected]] = {
    verdicts.ACCEPTED: SelfStopAccepted,
    verdicts.GONE: SelfStopGone,
    verdicts.REJECTED: SelfStopRejected,
}


class _WorthRetryingError(PlatformError):
    """One attempt failed in a way that is worth another try."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class _Call:
    """What is sent; none of it may be shown."""

    url: str = field(repr=False)
    token: str = field(repr=False)


async def _pause(seconds: float) -> None:
    await clock.wait(asyncio.Event(), seconds)


class Courier:
    """Carries the self-stop to the platform: at least once, with one effect."""

    def __init__(
        self,
        *,
        say: Callable[[str, str], object],
        report: Callable[[Event], object],
        attempt_timeout: float = ATTEMPT_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = _pause,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take what a delivery needs from outside.

        Args:
            say: takes a level and a line for the journal.
            report: takes what happened, as events of the core.
            attempt_timeout: seconds after which a hung attempt is cut.
            sleep: waits that many seconds.
            chance: a random number of [0, 1), for the jitter.
        """
        self._say = say
        self._report = report
        self._attempt_timeout = attempt_timeout
        self._sleep = sleep
        self._chance = chance

    async def deliver(
        self, url: str, token: str, *, storage: str = "", until: float = math.inf
    ) -> None:
        """Send the self-stop until it is accepted, gone or rejected; report each attempt.

        Network faults, 408, 429, 5xx are tried again with full jitter, on top of
        ``Retry-After``. Whether an answered stop is repeated is the core's decision.

        Args:
            url: ``ARBITRIUM_DELETE_URL``, sent as given.
            token: ``ARBITRIUM_DELETE_TOKEN``, sent raw: neither Bearer nor token before it.
            storage: ``container_log_storage`` for this stop, empty for the version's own.
            until: boot-time seconds after which no further attempt begins.
        """
        call = _Call(selfstop.address(url, storage), token.strip())
        why = selfstop.fault(url, token)
        if why is not None:
            self._report(SelfStopRejected(why))
            return
        try:
            tls = await _tls(call.url)
        except PlatformError as error:
            self._report(SelfStopRejected(str(error)))
            return
        retrying = tenacity.AsyncRetrying(
            sleep=self._sleep,
            wait=self._wait,
            stop=lambda state: clock.now() + state.upcoming_sleep > until,
            retry=tenacity.retry_if_exception_type(_WorthRetryingError),
            after=self._tell_failure,
            before_sleep=self._tell_pause,
            retry_error_callback=lambda _: None,  # the deadline: all was reported
        )
        await retrying(self._attempt, call, tls)

    async def _attempt(self, call: _Call, tls: ssl.SSLContext | None) -> None:
        """Send once.

        Raises:
            _WorthRetryingError: no answer that counts came.
        """
        verdict, detail, retry_after = await self._exchange(call, tls)
        if verdict == verdicts.RETRY:
            raise _WorthRetryingError(detail, retry_after)
        self._report(_REPORTS[verdict](detail))

    async def _exchange(
        self, call: _Call, tls: ssl.SSLContext | None
    ) -> tuple[str, str, float | None]:
        """Return the verdict of one request, what to tell of it, what Retry-After asks for."""
        import aiohttp
        from yarl import URL

        async def once(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            # aiohttp repeats a DELETE at once when its connection breaks: each attempt is
            # to be paused for, to be told.
            try:
                return await handler(request)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
                raise _WorthRetryingError(_explain(error, call)) from error

        try:
            async with (
                aiohttp.ClientSession(
                    # A connection of its own: a kept one may be the fault.
                    connector=aiohttp.TCPConnector(ssl=tls or True, force_close=True),
                    timeout=aiohttp.ClientTimeout(total=self._attempt_timeout),
                    auto_decompress=False,  # no small body that grows in memory
                    cookie_jar=aiohttp.DummyCookieJar(),
                    middlewares=(once,),
                ) as session,
                session.delete(
                    URL(call.url, encoded=True),
                    headers={"authorization": call.token, "accept-encoding": "identity"},
                    allow_redirects=False,  # nobody else gets the token
                ) as answer,
            ):
                return await _read(answer, call)
        except TimeoutError:
            return verdicts.RETRY, f"no answer within {self._attempt_timeout:g} s", None
        except aiohttp.InvalidURL:
            return verdicts.REJECTED, selfstop.BAD_URL, None
        except (aiohttp.ClientError, OSError) as error:
            return verdicts.RETRY, _explain(error, call), None
        except ValueError:  # yarl's
            return verdicts.REJECTED, selfstop.BAD_URL, None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        return verdicts.pause(state.attempt_number, _failure(state).retry_after, self._chance())

    def _tell_failure(self, state: tenacity.RetryCallState) -> None:
        self._report(SelfStopFailed(str(_failure(state)), attempts=state.attempt_number))

    def _tell_pause(self, state: tenacity.RetryCallState) -> None:
        self._say(
            "warning",
            f"self-stop attempt {state.attempt_number} failed: {_failure(state)};"
            f" next in {state.upcoming_sleep:.1f} s",
        )


def _failure(state: tenacity.RetryCallState) -> _WorthRetryingError:
    """Return what the last attempt raised; tenacity asks only after one of ours."""
    outcome = state.outcome
    return cast("_WorthRetryingError", outcome.exception() if outcome else None)


async def _tls(url: str) -> ssl.SSLContext | None:
    """Load the certificates aside: reading a whole bundle takes tens of milliseconds."""
    if not url.lower().startswith("https:"):
        return None
    return await asyncio.to_thread(trust.context)


async def _read(answer: "aiohttp.ClientResponse", call: _Call) -> tuple[str, str, float | None]:
    """Read what counts: the status code stands even where the body never ends."""
    message = await _message(answer)
    detail = selfstop.tell(answer.status, message, url=call.url, token=call.token)
    retry_after = verdicts.retry_after_seconds(answer.headers.get("retry-after"), clock.wall())
    return verdicts.judge(answer.status), detail, retry_after


async def _message(answer: "aiohttp.ClientResponse") -> object:
    import aiohttp

    body = b""
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(MESSAGE_SECONDS):
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > BODY_BYTES:
                    break
    try:
        return msgspec.json.decode(body, type=dict[str, object]).get("message")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _explain(error: Exception, call: _Call) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return selfstop.masked(text, url=call.url, token=call.token)
