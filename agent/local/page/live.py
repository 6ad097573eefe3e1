"""The stream that keeps the page live."""

import asyncio

from aiohttp import web

from agent import clock

from .scene import View

_BATCH = 0.1  # seconds of news in one event: a thousand lines a second are ten events
_SAMPLE = 1.0  # seconds between two looks at what the container uses
_BEAT = 10  # quiet looks before a sign of life
_STUCK = 30.0  # seconds after which a reader that takes nothing is dropped


class Readers:
    """Everybody who reads."""

    def __init__(self, most: int = 32) -> None:
        """Let so many read at once."""
        self._most = most
        self._pulses: set[asyncio.Event] = set()
        self._closing = asyncio.Event()

    def wake(self) -> None:
        """Tell everybody that something is new."""
        for pulse in self._pulses:
            pulse.set()

    def close(self) -> None:
        """Send everybody away."""
        self._closing.set()
        self.wake()

    async def serve(self, request: web.Request, view: View) -> web.StreamResponse:
        """Tell the state first, then what is new, until the reader leaves."""
        if len(self._pulses) >= self._most:
            return web.Response(status=503, text="Too many pages are open", headers=_RETRY)
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        pulse = asyncio.Event()
        self._pulses.add(pulse)
        try:
            await self._tell(response, view, pulse)
        except TimeoutError:  # it comes back, if it lives: its browser sees to that
            if request.transport:
                request.transport.abort()
        except ConnectionResetError:
            pass  # it has left
        finally:
            self._pulses.discard(pulse)
        return response

    async def _tell(self, response: web.StreamResponse, view: View, pulse: asyncio.Event) -> None:
        quiet = 0
        while not self._closing.is_set():
            if view.story:
                await view.story.sample(_SAMPLE)
            scene = view.next()
            quiet = 0 if scene else quiet + 1
            if scene or quiet % _BEAT == 0:
                async with asyncio.timeout(_STUCK):
                    await response.write(b"data: %s\n\n" % scene if scene else b": beat\n\n")
            await clock.wait(self._closing, _BATCH)
            await clock.wait(pulse, _SAMPLE)
            pulse.clear()


_RETRY = {"Retry-After": "10"}
_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
