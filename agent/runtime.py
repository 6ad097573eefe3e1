"""The pump of events: a fact in, a step, its orders out."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace

from .core.effects import Effect
from .core.events import CallNoted, DeadlinePassed, Event
from .core.expectations import NAMES
from .core.lifecycle import deadline, step
from .core.options import Options
from .core.phases import Phase
from .core.snapshot import LogsStatus, Status
from .core.state import State
from .core.view import view
from .interfaces import Clock, Remembrance

_STUCK_SECONDS = 1.0  # between looks at a deadline that has passed without any effect


class Runtime:
    """Owner of the state; the only place that calls ``step``.

    ``post`` is synchronous: the fact is taken, remembered, acted on before it returns, so
    an answer that a caller gets is already true.
    """

    def __init__(
        self,
        state: State,
        options: Options,
        *,
        now: Clock,
        memory: Remembrance,
        perform: Callable[[Effect], None],
    ) -> None:
        self._state = state
        self._options = options
        self._now = now
        self._memory = memory
        self._perform = perform
        self.logs: Callable[[], LogsStatus | None] = lambda: None
        self.moved: Callable[[Phase, Status], object] = lambda _, __: None
        self._news = asyncio.Event()  # replaced at each new revision
        self._poked = asyncio.Event()  # the deadline may have moved

    def status(self) -> Status:
        """Return the state as it is now, with what became of the logs."""
        return replace(view(self._state, self._now(), self._options), logs=self.logs())

    def post(self, event: Event) -> Status:
        """Apply a fact, remember it, order what follows from it; return the state after.

        Raises:
            StateFullError: it could not be remembered; nothing has changed.
        """
        now = self._now()
        before = self._state
        after, effects = step(before, event, now, self._options)
        if after is not before:
            self._memory.append(event, now, after)
            self._state = after
            self._wake_readers(before)
        for effect in effects:
            self._perform(effect)
        self._poked.set()
        status = view(self._state, now, self._options)
        if after.phase is not before.phase:
            self.moved(before.phase, status)
        return status

    def note_call(self, name: str) -> None:
        """Remember that the game made a call, where its calls are judged (``AGENT_EXPECT``)."""
        if self._options.expect and name in NAMES:
            self.post(CallNoted(name))

    async def changed(self, after: int, timeout: float | None) -> Status:  # noqa: ASYNC109 - the caller's own wish
        """Wait until the revision is past *after*, *timeout* seconds at most, None = for ever."""
        try:
            async with asyncio.timeout(timeout):
                while self._state.revision <= after:
                    await self._news.wait()
        except TimeoutError:
            pass
        return self.status()

    async def run(self) -> None:
        """Post ``DeadlinePassed`` whenever the core asked for it; sleep in between."""
        least = 0.0
        while True:
            self._poked.clear()
            wait = deadline(self._state, self._now(), self._options) - self._now()
            try:
                async with asyncio.timeout(None if math.isinf(wait) else max(least, wait)):
                    await self._poked.wait()
            except TimeoutError:
                before = self._state
                self.post(DeadlinePassed())
                # A passed deadline that changes nothing is our bug; it must not cost a core.
                least = _STUCK_SECONDS if self._state is before else 0.0

    def _wake_readers(self, before: State) -> None:
        if self._state.revision != before.revision:
            news, self._news = self._news, asyncio.Event()
            news.set()
