"""Self-stop when no agent is up, started by PID 1 as a process of its own."""

import http.client
import json
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from . import clock, trust
from .core import selfstop, verdicts
from .errors import LinkError, PlatformError
from .pid1 import harden, wire

ATTEMPT_SECONDS = 10.0
BODY_BYTES = 64 * 1024
MESSAGE_BYTES = 256 * 1024  # the channel's largest datagram

Waiting = Callable[[float], bool]
"""Wait that many seconds; True = nobody needs us any more."""


def main() -> int:
    """Ask PID 1 for the secrets, then stop the deployment for as long as we live.

    Returns:
        0 when there is nothing to stop, or nobody to stop it for any more; 1 when PID 1
        cannot be asked.
    """
    with socket.socket(fileno=wire.CHANNEL) as channel:
        channel.settimeout(None)
        try:
            secrets = _ask(channel)
        except (LinkError, OSError) as error:
            _say(f"cannot get the secrets from PID 1: {error}")
            return 1
        url = secrets.get("ARBITRIUM_DELETE_URL", "")
        if not url:
            return 0
        storage = os.environ.get("AGENT_CONTAINER_LOG_STORAGE", "")
        petition = Petition(
            selfstop.address(url, storage), secrets.get("ARBITRIUM_DELETE_TOKEN", ""), channel
        )
        petition.run(lambda seconds: _is_over(channel, seconds))
    return 0


class Petition:
    """One deployment's end, asked for again and again."""

    def __init__(
        self,
        url: str,
        token: str,
        channel: socket.socket,
        *,
        attempt_timeout: float = ATTEMPT_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take where to ask and whom to tell.

        Args:
            url: the delete URL, with its query.
            token: sent raw.
            channel: PID 1's end hears ``reported``.
            attempt_timeout: seconds after which a hung attempt is cut.
            chance: a random number of [0, 1), for the jitter.
        """
        self._url = url
        self._token = token.strip()
        self._channel = channel
        self._attempt_timeout = attempt_timeout
        self._chance = chance
        self._cried = ""

    def run(self, wait: Waiting, now: Callable[[], float] = clock.now) -> None:
        """Ask until the deployment is gone or *wait* says that it is over.

        An answer that counts is asked for again, each minute, later each five: the platform
        may have lost it, and somebody pays until SIGTERM comes.
        """
        failed, answered_at = 0, None
        while True:
            verdict, detail, retry_after = self._attempt()
            self._tell(verdict, detail)
            if verdict == verdicts.GONE:
                return
            if verdict == verdicts.RETRY:
                failed += 1
                pause = verdicts.pause(failed, retry_after, self._chance())
            else:
                failed = 0
                answered_at = now() if answered_at is None else answered_at
                pause = verdicts.repeat_after(now() - answered_at)
            if wait(pause):
                return

    def _attempt(self) -> tuple[str, str, float | None]:
        """Return the verdict of one request, what to tell of it, what Retry-After asks for."""
        why = selfstop.fault(self._url, self._token)
        if why is not None:
            return verdicts.REJECTED, why, None
        try:
            with _cut_after(self._attempt_timeout):
                return self._exchange()
        except TimeoutError:
            return verdicts.RETRY, f"no answer within {self._attempt_timeout:g} s", None
        except PlatformError as error:
            return verdicts.REJECTED, str(error), None
        except (OSError, http.client.HTTPException) as error:
            text = str(error) or type(error).__name__
            return verdicts.RETRY, selfstop.masked(text, url=self._url, token=self._token), None
        except ValueError:  # urllib's, of a port that is none
            return verdicts.REJECTED, selfstop.BAD_URL, None

    def _exchange(self) -> tuple[str, str, float | None]:
        connection = _connect(self._url)
        try:
            connection.putrequest("DELETE", _target(self._url), skip_accept_encoding=True)
            connection.putheader("authorization", self._token)
            connection.putheader("connection", "close")
            connection.endheaders()
            answer = connection.getresponse()
            message = _message(answer)
        finally:
            connection.close()
        detail = selfstop.tell(answer.status, message, url=self._url, token=self._token)
        after = verdicts.retry_after_seconds(answer.headers.get("retry-after"), clock.wall())
        return verdicts.judge(answer.status), detail, after

    def _tell(self, verdict: str, detail: str) -> None:
        outcome = "failed" if verdict == verdicts.RETRY else verdict
        with suppress(OSError):  # full or gone: PID 1 does not depend on it
            _send(self._channel, {"do": "reported", "outcome": outcome, "detail": detail})
        if verdict == verdicts.REJECTED and detail != self._cried:
            # The rest is PID 1's to say; this must not be overlooked.
            self._cried = detail
            name = os.environ.get("ARBITRIUM_REQUEST_ID") or selfstop.deployment_id(self._url)
            _say(
                f"THE DEPLOYMENT {name} STILL RUNS: the platform rejected its self-stop"
                f" ({detail}). It still runs and is billed; stop it in the dashboard."
            )


def _ask(channel: socket.socket) -> Mapping[str, str]:
    """Say hello, unreadable to our own uid; return the secrets of the truth that answers it.

    Raises:
        LinkError: the kernel does not hide us, or PID 1 hung up.
    """
    if not harden.hide():
        raise LinkError("the kernel does not let us hide them from the game")
    _send(channel, {"do": "hello"})
    while True:
        datagram = channel.recv(MESSAGE_BYTES)
        if not datagram:
            raise LinkError("it has closed the channel before it told the truth")
        message = json.loads(datagram)
        if message.get("is") == "truth":
            secrets: Mapping[str, str] = message.get("secrets", {})
            return secrets


def _send(channel: socket.socket, message: Mapping[str, str]) -> None:
    channel.send(json.dumps(message).encode(), socket.MSG_DONTWAIT)


def _is_over(channel: socket.socket, seconds: float) -> bool:
    """Wait; return early, with True, if PID 1 is gone or SIGTERM has come."""
    end = clock.now() + seconds
    while (left := end - clock.now()) > 0:
        channel.settimeout(left)
        try:
            datagram = channel.recv(MESSAGE_BYTES)
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        if not datagram or json.loads(datagram).get("is") == "term":
            return True
    return False


@contextmanager
def _cut_after(seconds: float) -> Iterator[None]:
    """Cut what runs too long as a whole: a socket's timeout counts each read anew.

    Raises:
        TimeoutError: from wherever the main thread was.
    """

    def cut(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, cut)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})  # a mask outlives exec
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host:
        raise ValueError(host)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, context=trust.context())
    return http.client.HTTPConnection(host, parts.port)


def _target(url: str) -> str:
    """Return what stands after the authority, as it was given."""
    return "/" + url.partition("://")[2].partition("/")[2]


def _message(answer: http.client.HTTPResponse) -> object:
    """Return the body's message; the status code stands even where the body never ends."""
    try:
        body = answer.read(BODY_BYTES)
        message: object = json.loads(body)["message"]
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
    ):
        return None
    return message


def _say(text: str) -> None:
    """Write one line to stderr, which PID 1 pumps."""
    with suppress(OSError):
        sys.stderr.write(f"agent[rescue]: {text}\n")
        sys.stderr.flush()
