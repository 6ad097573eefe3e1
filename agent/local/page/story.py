"""What there is to tell of one deployment."""

import asyncio
import re
import signal
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from agent import clock

from .. import telling
from ..deployment import Deployment
from ..ledger import ContainerExited, ContainerStarted, Line, Record, SignalSent
from ..timeline import Lane
from ..witness import Witness
from . import usage
from .ring import Ring

_LINES, _ENTRIES, _SAMPLES = 5_000, 1_000, 600  # the most that is kept of each
_LONGEST = 2_000  # characters of one line
_GAME_LIVES = ("drain", "ask", "kill")
_SERVED = re.compile(r"agent: .*serving the game at (http://(?:127\.0\.0\.1|\[::1\]):\d+)$")
_MOVED = re.compile(r"agent: .*?phase \S+ → (\w+): ")
_REASON = re.compile(r" stop=(\w+)")


class Entry(Struct, frozen=True):
    """One mark on the timeline, at boot-time seconds."""

    at: float
    lane: str
    text: str
    step: str


class LogLine(Struct, frozen=True):
    """One line of the log; the source is platform, agent, stdout or stderr."""

    at: float
    source: str
    text: str


class Stage(Struct, frozen=True):
    """A stage of a stop, with when it was first seen."""

    name: str
    at: float


class Story:
    """One deployment, from its order on, as far as the page needs it; all of it is bounded.

    Attributes:
        revision: grows with everything but lines and samples.
        pid: the container's main process; None while none runs.
        phase: the agent's, from its journal or its status; empty before.
        url: the agent's address, once the agent has said it.
        status: the agent's last one.
        heard_at: when that came.
        stages: of the stop that is on.
        kill_at: when the agent will have the game killed.
        signalled_at: when the platform sent SIGTERM.
    """

    def __init__(self, deployment: Deployment, begun_at: float) -> None:
        self.deployment = deployment
        self.begun_at = begun_at
        self.ended_at: float | None = None
        self.entries, self.lines = Ring[Entry](_ENTRIES), Ring[LogLine](_LINES)
        self.samples = Ring[usage.Sample](_SAMPLES)
        self.revision = 0
        self.pid: int | None = None
        self.phase = self.url = ""
        self.status: Mapping[str, Any] | None = None
        self.heard_at: float | None = None
        self.stages: list[Stage] = []
        self.kill_at: float | None = None
        self.signalled_at: float | None = None
        self.served = asyncio.Event()
        self._witness = Witness(self)
        self._journal_tells = False  # of the phases, so the status need not
        self._sampled_at = 0.0

    def add(self, lane: Lane, text: str, step: str = "", at: float | None = None) -> None:
        """Take down what the witness notes; what a game says beside the steps is the log's."""
        moved = lane is Lane.AGENT and text.startswith("phase is ")
        if (lane is Lane.GAME and not step) or (moved and self._journal_tells):
            return
        self._note(Entry(clock.now() if at is None else at, lane.value, text, step))

    def take(self, record: Record) -> None:
        """Take down what the platform saw or the container wrote."""
        if isinstance(record, Line):
            self._hear(record)
            return
        match record:
            case ContainerStarted(pid=pid):
                self.pid = pid
            case ContainerExited():
                self.pid = None
            case SignalSent(signum=signal.SIGTERM):
                self.signalled_at = self.signalled_at or record.at
            case _:
                pass
        self._witness.record(record)
        if self.deployment.over:
            self.ended_at = record.at
        self.revision += 1

    def hear(self, status: Mapping[str, Any]) -> None:
        """Take down what the agent's status says."""
        self._witness.status(status)
        self.status, self.heard_at = status, clock.now()
        stop = status["stop"]
        if stop is None:
            self.stages = []
        elif not self.stages or self.stages[-1].name != stop["stage"]:
            self.stages.append(Stage(stop["stage"], self.heard_at))
        if stop is None or stop["stage"] in _GAME_LIVES:
            self.kill_at = stop and self.heard_at + stop["seconds_left"]
        self.phase = status["phase"]
        self.revision += 1

    async def sample(self, period: float) -> None:
        """Look at what the container uses, if the last look is a *period* old."""
        now = clock.now()
        if self.pid is None or now - self._sampled_at < period:
            return
        self._sampled_at = now
        sample = await asyncio.to_thread(usage.take, self.pid, now)
        if sample:
            self.samples.add(sample)

    def _hear(self, line: Line) -> None:
        is_agent = telling.line(line.stream, line.text)[0] is Lane.AGENT
        text = line.text[:_LONGEST]
        self.lines.add(LogLine(line.at, "agent" if is_agent else line.stream, text))
        if is_agent:
            self._hear_agent(line)
        elif line.stream == "stdout":
            self._witness.line(line.stream, line.text)

    def _hear_agent(self, line: Line) -> None:
        if served := _SERVED.match(line.text):
            self.url = served[1]
            self.served.set()
        elif moved := _MOVED.match(line.text):
            self._journal_tells = True
            self.phase = phase = moved[1]
            reason = _REASON.search(line.text)
            why = f" ({reason[1]})" if reason else ""
            self._note(Entry(line.at, "agent", f"phase is {phase}{why}", f"agent_{phase}"))

    def _note(self, entry: Entry) -> None:
        self.entries.add(entry)
        if entry.lane == "platform":
            self.lines.add(LogLine(entry.at, entry.lane, entry.text))
        self.revision += 1
