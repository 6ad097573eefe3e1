"""The core itself in place of the runtime, for tests of a face."""

import asyncio

from agent.core import events as e
from agent.core.lifecycle import deadline
from agent.core.snapshot import Status
from tests.core.life import TICK, Life


class Desk:
    """Time stands still unless a test moves it."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self._news = asyncio.Event()

    def status(self) -> Status:
        return self.life.status

    def post(self, event: e.Event) -> Status:
        self.life.at(self.life.now, event)
        news, self._news = self._news, asyncio.Event()
        news.set()
        return self.life.status

    def pass_time(self) -> None:
        """Come to the next deadline."""
        life = self.life
        life.now = deadline(life.state, life.now, life.options)
        self.post(TICK)

    async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ASYNC109 - the protocol's
        assert timeout is None
        while self.life.state.revision <= after:
            await self._news.wait()
        return self.life.status
