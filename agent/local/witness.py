"""What the demo must see, each step told by whoever saw it."""

import asyncio
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import telling
from .ledger import (
    ContainerExited,
    ContainerStarted,
    Record,
    SelfStopCalled,
    SignalSent,
    Status,
    StatusTurned,
)
from .timeline import Lane, Notes

STEPS = {
    "container_started": "platform: the container is started",
    "deployment_ready": "platform: the deployment is READY",
    "game_listening": "game: it listens",
    "agent_ready": "agent: the game is ready",
    "player_joined": "game: a player joins",
    "match_started": "game: the match begins",
    "agent_in_match": "agent: a match is on",
    "match_over": "game: the match is over",
    "agent_draining": "agent: it drains",
    "everybody_left": "game: the last player leaves",
    "agent_stopping": "agent: it stops the game",
    "game_signalled": "game: it gets SIGTERM",
    "world_saved": "game: its world is saved",
    "self_stop_accepted": "platform: the self-stop is accepted",
    "sigterm_sent": "platform: SIGTERM to the container",
    "exited_0": "platform: the container exits with 0",
    "terminated": "platform: the deployment is TERMINATED",
    "world_on_disk": "game: the saved world knows the match",
}
_OF_GAME = (
    (r"listening on UDP", "game_listening"),
    (r"\S+ joined", "player_joined"),
    (r"match 1 started", "match_started"),
    (r"match 1 over", "match_over"),
    (r"\S+ left, 0 here", "everybody_left"),
    (r"stop signal SIGTERM", "game_signalled"),
    (r"world saved", "world_saved"),
)


@dataclass(slots=True)
class _Seen:
    """One line to be shown."""

    text: str
    step: str = ""


class Witness:
    """Takes down what platform, agent or game do.

    Attributes:
        steps: the titles of the expected steps, by name.
        listening: set once the game listens.
        ready: set once the agent says that the game is ready.
        draining: set once the agent says that no new players should come.
    """

    def __init__(self, notes: Notes, refusals: int = 0) -> None:
        """Expect the steps; *refusals* self-stop calls are going to fail on demand."""
        extra = {"self_stop_refused": f"platform: {refusals} self-stop calls fail, as ordered"}
        self.steps = {**STEPS, **(extra if refusals else {})}
        self.listening, self.ready, self.draining = (asyncio.Event() for _ in range(3))
        self._notes = notes
        self._refusals = refusals
        self._refused = 0
        self._seen: set[str] = set()
        self._status: Mapping[str, Any] = {}

    @property
    def seen(self) -> int:
        """How many of the expected steps were seen."""
        return len(self._seen)

    def missing(self) -> list[str]:
        """Return the titles of what was not seen, in order."""
        return [title for name, title in self.steps.items() if name not in self._seen]

    def note(self, lane: Lane, text: str, step: str = "", at: float | None = None) -> None:
        """Take down one line, with the step that it is."""
        if step in self.steps:
            self._seen.add(step)
        self._notes.add(lane, text, step, at)

    def record(self, record: Record) -> None:
        """Take down what the platform saw."""
        if text := telling.sentence(record):
            self.note(Lane.PLATFORM, text, self._step(record), record.at)

    def line(self, stream: str, text: str) -> None:
        """Take down a line of output."""
        lane, said = telling.line(stream, text)
        if lane is Lane.AGENT and said.startswith("phase "):
            return  # the status tells it, as a step
        step = ""
        if lane is Lane.GAME:
            step = next((step for pattern, step in _OF_GAME if re.match(pattern, said)), "")
        self.note(lane, said, step)
        if step == "game_listening":
            self.listening.set()

    def status(self, status: Mapping[str, Any]) -> None:
        """Take down what changed in the agent's status."""
        for shown in _changes(self._status, status):
            self.note(Lane.AGENT, shown.text, shown.step)
        self._status = status
        if status["phase"] == "ready":
            self.ready.set()
        if status["phase"] in ("draining", "stopping"):
            self.draining.set()

    def _step(self, record: Record) -> str:
        match record:
            case SelfStopCalled(answer=answer) if answer not in ("202", "lost"):
                self._refused += 1
                return "self_stop_refused" if self._refused == self._refusals else ""
            case SelfStopCalled():
                return "self_stop_accepted"
            case StatusTurned(status=status):
                steps = {Status.READY: "deployment_ready", Status.TERMINATED: "terminated"}
                return steps.get(status, "")
            case _:
                return _of_container(record)


def _of_container(record: Record) -> str:
    match record:
        case ContainerStarted():
            return "container_started"
        case SignalSent(signum=signal.SIGTERM):
            return "sigterm_sent"
        case ContainerExited(exit_status=0):
            return "exited_0"
        case _:
            return ""


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[_Seen]:
    phase = now["phase"]
    if before.get("phase") != phase:
        stop = now.get("stop") or {}
        why = f" ({stop['reason']})" if stop.get("reason") else ""
        # A game that leaves at once may be gone before we hear that it was asked to.
        step = "agent_stopping" if phase == "stopped" else f"agent_{phase}"
        yield _Seen(f"phase is {phase}{why}", step)
    players = now["players"]["count"]
    if players is not None and before.get("players", {}).get("count") != players:
        yield _Seen(f"players: {players}")
    report = now["self_stop"]
    if before and before["self_stop"] != report and report["state"] != "not_owed":
        yield _Seen(f"self-stop is {report['state']}, attempt {report['attempts']}")
