"""Asking a game to stop at a network door of its own."""

import asyncio
import json
import logging
from contextlib import suppress
from urllib.parse import urlsplit

from ..core.effects import AskGame
from ..core.options import Options
from ..errors import AskError
from ..interfaces import Clock
from . import rcon

LOG = logging.getLogger("agent.asking")

_LINE_BYTES = 4096
_GOOD = range(200, 300)


class Asker:
    """Calls the game's URL, or speaks RCON; what fails is said, and the stop goes on."""

    def __init__(self, options: Options, password: str, now: Clock) -> None:
        self._options = options
        self._password = password
        self._now = now

    async def ask(self, order: AskGame) -> None:
        """Ask once, until the game is to be killed at the latest."""
        seconds_left = max(0.0, order.kill_at - self._now())
        try:
            async with asyncio.timeout(seconds_left):
                if order.way == "http":
                    note = {"reason": order.reason, "seconds_left": round(seconds_left, 3)}
                    await _post(self._options.stop_url, json.dumps(note).encode())
                else:
                    await self._command()
        except (AskError, OSError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            LOG.warning("cannot ask the game to stop by %s: %s", order.way, why)

    async def _command(self) -> None:
        if not self._options.rcon_port:
            raise AskError("AGENT_RCON_PORT is not set")
        await rcon.command(self._options.rcon_port, self._password, self._options.stop_text)


async def _post(url: str, body: bytes) -> None:
    """Send the body as JSON to a URL on loopback.

    A library would be another one beside aiohttp's server, for one request of the plainest kind.

    Raises:
        AskError: it was not taken.
        OSError: nobody listens.
    """
    if not url:
        raise AskError("AGENT_STOP_URL is not set")
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        # A server that quits at once may not answer, which is no worse an answer.
        with suppress(ConnectionError):
            _judge(await reader.read(_LINE_BYTES))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _judge(head: bytes) -> None:
    words = head.split(b"\r\n")[0].split()
    if head and not (len(words) > 1 and words[1].isdigit() and int(words[1]) in _GOOD):
        raise AskError(f"it answered {head[:40].splitlines()[0].decode(errors='replace')!r}")
