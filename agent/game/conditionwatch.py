"""Looking at the conditions of ready, of health while they can change something."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from .. import clock
from ..core import conditions
from ..core.conditions import Check
from ..core.events import ConditionChecked
from ..core.options import Options
from ..core.phases import Phase
from ..core.snapshot import Status
from ..interfaces import Desk, GameLines
from .conditionlines import follow
from .looks import Looks
from .ports import pause_after
from .tree import descendants
from .usage import ProcessClock

BUSY_SHARE = 0.1
"""Of a processor; a game that hangs in a wait uses less, one that loads a map more."""

LOG = logging.getLogger("agent")

_LINES = ("log", "log!")
_UNSEEN = ("auto", "api", "delay")  # what needs no look of ours
_OPEN = (Phase.READY, Phase.IN_MATCH)


def _of(text: str, kinds: tuple[str, ...]) -> tuple[Check, ...]:
    wanted = dict.fromkeys(conditions.checks(conditions.parse(text, kinds)))
    return tuple(check for check in wanted if check.kind not in _UNSEEN)


class ConditionWatch:
    """Owns the looks; nothing is read, no timer set while none of them is needed."""

    def __init__(
        self,
        options: Options,
        looks: Looks,
        *,
        desk: Desk,
        lines: GameLines,
        proc: Path = Path("/proc"),
    ) -> None:
        """Take what is looked for, whom to tell.

        Args:
            options: the conditions, the period.
            looks: looks at one of them.
            desk: where the state can be seen, where facts are handed in.
            lines: the game's output.
            proc: where the kernel's files are.
        """
        self._period = options.health_period
        self._ready = _of(options.ready_when, conditions.READY)
        self._health = _of(options.health_when, conditions.HEALTH)
        self._looks = looks
        self._desk = desk
        self._lines = lines
        self._proc = proc
        self._pid: int | None = None
        self._begins: Mapping[str, int] = {}
        self._begun_at = 0.0
        self._told: dict[str, str] = {}
        self._reading: asyncio.Task[None] | None = None
        self._readable = ""
        self._cpu = ProcessClock(proc)
        self._worked: tuple[float, float] | None = None

    def life(self, begins: Mapping[str, int]) -> None:
        """Take where the output of the game's life begins, by source."""
        self._begins = begins

    async def run(self) -> None:
        """Look until cancelled; return at once where there is nothing to look at."""
        for check in (*self._ready, *self._health):
            if note := self._looks.unknown(check):
                LOG.warning("cannot look at %s: %s", check.text, note)
        if not (self._ready or self._health):
            return
        async with asyncio.TaskGroup() as group:
            while True:
                await self._turn(group)

    async def _turn(self, group: asyncio.TaskGroup) -> None:
        status = self._desk.status()
        wanted = self._wanted(status)
        self._turn_to(status.game.pid if wanted else None)
        self._read(group, wanted)
        looked_at = [check for check in wanted if check.kind not in _LINES]
        if not looked_at:
            await self._desk.changed(status.revision, None)
            return
        await self._look(looked_at, status)
        waited = clock.now() - self._begun_at
        starting = status.phase is Phase.STARTING
        await clock.wait(asyncio.Event(), pause_after(waited) if starting else self._period)

    def _wanted(self, status: Status) -> tuple[Check, ...]:
        """Return the checks that can change something now."""
        if not status.game.running or status.stop is not None:
            return ()
        if status.phase is Phase.STARTING:
            fatal = [check for check in self._health if check.kind in _LINES]
            return (*self._ready, *fatal)
        return self._health if status.phase in _OPEN else ()

    def _turn_to(self, pid: int | None) -> None:
        """Begin anew with each life of the game."""
        if pid != self._pid:
            self._pid = pid
            self._begun_at = clock.now()
            self._told.clear()
            self._worked = None

    def _read(self, group: asyncio.TaskGroup, wanted: tuple[Check, ...]) -> None:
        """Have the lines read that the checks need, those of one life."""
        checks = [check for check in wanted if check.kind in _LINES]
        key = f"{self._pid} {[check.text for check in checks]}" if checks else ""
        if key == self._readable:
            return
        self._readable = key
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if checks:
            work = follow(self._lines, checks, self._begins, self._desk.post, LOG.warning)
            self._reading = group.create_task(work, name="lines of conditions")

    async def _look(self, checks: list[Check], status: Status) -> None:
        """Tell what is new: each failure once the game is ready, else each other answer."""
        pid = status.game.pid
        assert pid is not None  # noqa: S101 - nothing is looked at without a game
        bound = frozenset((*status.ports.bound, *status.ports.other))
        notes: dict[str, str] = {}
        for check in checks:
            seen = await self._looks.at(check, pid, bound)
            notes[check.text] = seen.note
            if seen.more is not None:
                self._desk.post(seen.more)
        counts = status.phase is not Phase.STARTING
        busy = await self._is_busy(pid, is_asked=counts and any(notes.values()))
        if self._desk.status().game.pid != pid:
            return  # what was seen is of another life
        for text, note in notes.items():
            if (counts and note) or self._told.get(text) != note:
                self._told[text] = note
                self._desk.post(ConditionChecked(text, holds=not note, note=note, busy=busy))

    async def _is_busy(self, pid: int, *, is_asked: bool) -> bool:
        """Return whether the game has worked since the look before, if that failed as well."""
        if not is_asked:
            self._worked = None
            return False
        family = descendants(pid, self._proc)
        usage = await asyncio.to_thread(self._cpu.read, family)
        now, before = clock.now(), self._worked
        self._worked = (now, usage.cpu_seconds)
        # At the first failure nobody knows: the second one will tell.
        return before is None or self._worked[1] - before[1] > BUSY_SHARE * (now - before[0])
