"""What one reader of the page is told next."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from agent import clock
from agent.core.phases import TRANSITIONS

from .story import Entry, LogLine, Stage, Story
from .usage import Sample

PHASES = {
    phase.value: sorted(after.value for after in TRANSITIONS[phase]) for phase in TRANSITIONS
}


class Summary(Struct):
    """One deployment in the list of all."""

    id: str
    status: str
    phase: str
    players: int | None


class Port(Struct):
    """Where a client connects to."""

    name: str
    protocol: str
    internal: int
    external: int | None


class Detail(Struct, kw_only=True):
    """The deployment that is looked at; times are boot-time seconds."""

    id: str
    status: str
    phase: str
    error: str
    command: str
    ports: list[Port]
    restarts: int
    begun_at: float
    ended_at: float | None
    grace: float
    signalled_at: float | None
    stages: list[Stage]
    kill_at: float | None
    agent: Mapping[str, Any] | None
    heard_at: float | None


class Scene(Struct, kw_only=True):
    """What is new; the first one is the whole state."""

    now: float
    phases: dict[str, list[str]] | UnsetType = UNSET
    deployments: list[Summary] | UnsetType = UNSET
    detail: Detail | UnsetType = UNSET
    entries: Sequence[Entry] = ()
    lines: Sequence[LogLine] = ()
    lines_lost: int = 0
    samples: Sequence[Sample] = ()


class View:
    """How far one reader has come; a slow one misses nothing but the oldest lines."""

    def __init__(self, stories: dict[str, Story], chosen: str) -> None:
        """Look at the deployment of this id; an empty one means the newest."""
        self._stories = stories
        self._chosen = chosen
        self._is_first = True
        self._overview: list[Summary] = []
        self._revision = self._entry = self._line = self._sample = -1

    @property
    def story(self) -> Story | None:
        """The story that is looked at."""
        if not self._chosen and self._stories:
            self._chosen = next(reversed(self._stories))
        return self._stories.get(self._chosen)

    def next(self) -> bytes | None:
        """Return the next scene as JSON; None where nothing is new."""
        scene = Scene(now=clock.now())
        is_new = self._is_first
        if self._is_first:
            scene.phases = PHASES
            self._is_first = False
        overview = [_summary(story) for story in self._stories.values()]
        if is_new or overview != self._overview:
            scene.deployments = self._overview = overview
            is_new = True
        if self.story:
            is_new |= self._look(self.story, scene)
        return msgspec.json.encode(scene) if is_new else None

    def _look(self, story: Story, scene: Scene) -> bool:
        is_new = story.revision != self._revision
        if is_new:
            scene.detail = detail(story)
            self._revision = story.revision
        scene.entries, _ = story.entries.since(max(self._entry, 0))
        scene.lines, scene.lines_lost = story.lines.since(max(self._line, 0))
        scene.samples, _ = story.samples.since(max(self._sample, 0))
        self._entry, self._line = story.entries.end, story.lines.end
        self._sample = story.samples.end
        return is_new or bool(scene.entries or scene.lines or scene.samples)


def detail(story: Story) -> Detail:
    """Return what there is to know of a deployment beside its lines."""
    deployment = story.deployment
    return Detail(
        id=deployment.id,
        status=deployment.status.name,
        phase=story.phase,
        error=deployment.life.error_detail,
        command=" ".join(deployment.version.command),
        ports=[Port(p.name, p.protocol, p.internal, p.external) for p in deployment.ports],
        restarts=deployment.life.restarts,
        begun_at=story.begun_at,
        ended_at=story.ended_at,
        grace=deployment.version.grace,
        signalled_at=story.signalled_at,
        stages=story.stages,
        kill_at=story.kill_at,
        agent=story.status,
        heard_at=story.heard_at,
    )


def _summary(story: Story) -> Summary:
    status = story.status
    return Summary(
        id=story.deployment.id,
        status=story.deployment.status.name,
        phase=story.phase,
        players=status["players"]["count"] if status else None,
    )
