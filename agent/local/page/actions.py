"""What the page's buttons do."""

import os
import signal
from collections.abc import Callable, Mapping
from functools import partial

import aiohttp
from msgspec import Struct

from agent.errors import PlatformError, SettingsError

from .. import faults, inmates
from .follow import headers
from .story import Story

_PATIENCE = aiohttp.ClientTimeout(total=5)
_LONGEST_DELAY = 10_000  # ms


class Outcome(Struct, frozen=True):
    """What came of it, in words for people."""

    message: str
    is_done: bool = True


VERBS: Mapping[str, tuple[str, str]] = {
    "join": ("POST", "/v1/players/join"),
    "leave": ("POST", "/v1/players/leave"),
    "start_match": ("POST", "/v1/match/start"),
    "end_match": ("POST", "/v1/match/end"),
    "hold": ("POST", "/v1/hold"),
    "release": ("DELETE", "/v1/hold"),
    "stop": ("POST", "/v1/stop"),
}
"""What the deployment's agent is asked to do, as the game would ask it."""


async def act(
    name: str, body: Mapping[str, object], story: Story, session: aiohttp.ClientSession
) -> Outcome | None:
    """Do what a button says; None where there is no such button."""
    if name in VERBS:
        return await _ask_agent(name, body, story, session)
    if name not in ORDERS:
        return None
    if story.deployment.over:
        return Outcome("The deployment has ended; deploy again", is_done=False)
    try:
        return Outcome(ORDERS[name](story, body))
    except (PlatformError, SettingsError) as error:
        return Outcome(str(error), is_done=False)


async def _ask_agent(
    name: str, body: Mapping[str, object], story: Story, session: aiohttp.ClientSession
) -> Outcome:
    method, path = VERBS[name]
    if not story.url:
        return Outcome("cannot ask the agent: it does not serve yet; try again", is_done=False)
    try:
        async with session.request(
            method, story.url + path, json=body, headers=headers(story), timeout=_PATIENCE
        ) as answer:
            said = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        text = "cannot ask the agent: it does not answer; look at the log"
        return Outcome(text, is_done=False)
    if not answer.ok:
        return Outcome(f"{said.get('detail')}; {said.get('fix')}", is_done=False)
    return Outcome(f"{method} {path}: phase {said['phase']}")


def _stop(story: Story, _: Mapping[str, object]) -> str:
    story.deployment.stop()
    return "The platform takes the stop on"


def _signal(signum: signal.Signals, story: Story, _: Mapping[str, object]) -> str:
    story.deployment.signal(signum)
    return f"{signum.name} sent to the container"


def _add_faults(story: Story, body: Mapping[str, object]) -> str:
    ordered = faults.parse(str(body.get("list", "")))
    story.deployment.add_faults(*ordered)
    return f"The next self-stop calls meet: {body.get('list')}"


def _set_delay(story: Story, body: Mapping[str, object]) -> str:
    delay = body.get("ms")
    if not isinstance(delay, int | float) or not 0 <= delay <= _LONGEST_DELAY:
        raise SettingsError(f"cannot set the delay {delay!r}: give 0 to {_LONGEST_DELAY} ms")
    story.deployment.life.weather.delay = delay / 1000
    return f"The forwarded ports delay each way by {delay} ms"


def _signal_agent(signum: signal.Signals, story: Story, _: Mapping[str, object]) -> str:
    pid = inmates.agent(story.pid) if story.pid else None
    if pid is None:
        raise PlatformError("cannot signal the agent: none runs; try again")
    os.kill(pid, signum)
    return f"{signum.name} sent to the agent, process {pid}"


ORDERS: Mapping[str, Callable[[Story, Mapping[str, object]], str]] = {
    "platform_stop": _stop,
    "sigterm": partial(_signal, signal.SIGTERM),
    "sigkill": partial(_signal, signal.SIGKILL),
    "faults": _add_faults,
    "delay": _set_delay,
    "kill_agent": partial(_signal_agent, signal.SIGKILL),
    "freeze_agent": partial(_signal_agent, signal.SIGSTOP),
    "thaw_agent": partial(_signal_agent, signal.SIGCONT),
}
"""What the platform itself does."""
