"""Scenarios against a real deployment each, side by side."""

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import aiohttp

from agent import clock
from agent.errors import PlatformError

from . import image, promises, telling
from .ledger import Record
from .platform import Platform
from .scenarios import QUICK, SCENARIOS, Scenario
from .stage import Stage
from .storage import Storage
from .timeline import Lane, Look, Timeline
from .version import Version

PATIENCE = 60.0  # seconds for the acts, then as many for the end
_HOLD = ("sh", "-c", 'kill -STOP $$; exec "$@"', "sh")
_AT_ONCE = 8  # deployments side by side


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a scenario.

    Attributes:
        broken: the promises that were not kept, each with what was seen instead.
        kept: those that were.
        seconds: how long it took.
        timeline: what happened, as text.
    """

    name: str
    title: str
    broken: Mapping[str, str]
    kept: Sequence[str]
    seconds: float
    timeline: str


@dataclass(slots=True)
class _Play:
    """One scenario's deployment with what is noted of it."""

    paper: io.StringIO = field(default_factory=io.StringIO)
    timeline: Timeline = field(init=False)

    def __post_init__(self) -> None:
        self.timeline = Timeline(self.paper, Look.PLAIN)

    def line(self, stream: str, text: str) -> None:
        """Note a line of output."""
        self.timeline.add(*telling.line(stream, text))

    def record(self, record: Record) -> None:
        """Note what the platform did."""
        if text := telling.sentence(record):
            self.timeline.add(Lane.PLATFORM, text, at=record.at)


async def prove(
    names: Sequence[str],
    version: Version,
    done: Callable[[Verdict], None],
    patience: float = PATIENCE,
    *,
    at_once: int = _AT_ONCE,
) -> list[Verdict]:
    """Play scenarios; return what came of each, in order.

    Args:
        names: of scenarios.
        version: what is deployed; a scenario adds its timers, takes ports that are free.
        done: is told each verdict as it comes.
        patience: seconds for the acts of one, then as many for its end.
        at_once: how many side by side.
    """
    gate = asyncio.Semaphore(at_once)

    async def one(name: str) -> Verdict:
        async with gate:
            verdict = await play(name, version, patience)
        done(verdict)
        return verdict

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name)) for name in names]
    return [task.result() for task in tasks]


async def play(name: str, version: Version, patience: float = PATIENCE) -> Verdict:
    """Play one scenario."""
    scenario, notes, began = SCENARIOS[name], _Play(), clock.now()
    async with (
        image.disk() as disk,
        Storage(scenario.storage) as storage,
        aiohttp.ClientSession() as session,
        Platform(on_record=notes.record) as platform,
    ):
        ordered = _order(scenario, version, notes, storage)
        ordered = replace(ordered, env={**disk, **ordered.env})
        stage = Stage(await platform.deploy(ordered), storage, session)
        trouble = await _perform(scenario, stage, patience)
    stage.judge_secrets()
    for promise in (*promises.ALWAYS, *scenario.promises):
        stage.judge(promise.text, promise.look(stage))
    broken = {text: why for text, why in stage.kept.items() if why}
    if trouble:
        broken = {"the scenario can be played to its end": trouble, **broken}
    return Verdict(
        name=name,
        title=scenario.title,
        broken=broken,
        kept=[text for text, why in stage.kept.items() if not why],
        seconds=clock.now() - began,
        timeline=notes.paper.getvalue(),
    )


async def _perform(scenario: Scenario, stage: Stage, patience: float) -> str:
    """Play the acts, await the end; return what went wrong, or nothing."""
    where = "the game came up"
    try:
        for act in scenario.acts:
            where = (act.__doc__ or act.__name__).partition(".")[0].lower()
            async with asyncio.timeout(patience):
                await act(stage)
        where = "the end"
        async with asyncio.timeout(patience):
            await stage.deployment.terminated()
    except PlatformError as error:
        return f"{error} (at: {where})"
    except TimeoutError:
        return f"it was not seen within {patience:g} s: {where}"
    return ""


def _order(scenario: Scenario, version: Version, notes: _Play, storage: Storage) -> Version:
    env = {**QUICK, **version.env, **scenario.env}
    return replace(
        version,
        command=_held(version.command) if scenario.is_held else version.command,
        env={**env, "AGENT_PORT": "0", "AGENT_LOG_SINK": storage.url},
        ports=[replace(port, internal=0, external=None) for port in version.ports],
        restart_policy=scenario.policy or version.restart_policy,
        mark_ready_after=0.0 if scenario.ready_at_once else None,
        stop_delay=scenario.stop_delay,
        faults=scenario.faults,
        on_line=notes.line,
    )


def _held(command: Sequence[str]) -> list[str]:
    """Return a container's command whose game stops itself before its first instruction."""
    at = list(command).index("--") + 1
    return [*command[:at], *_HOLD, *command[at:]]
