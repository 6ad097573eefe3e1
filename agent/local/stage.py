"""A deployment under test, with all that a scenario may do to it."""

import asyncio
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from agent import clock
from agent.errors import PlatformError

from . import inmates
from .deployment import Deployment
from .ledger import ContainerStarted
from .storage import Storage

PLAYERS = ("ann", "bob")
_LOOK = 0.005  # seconds between two looks at the processes
_POLL = 20  # seconds of one long poll
_PAUSE = 0.1  # seconds before the agent is called again after a failure
_SERVING = re.compile(rb"serving the game at (http://\S+)")


@dataclass(slots=True)
class Stage:
    """What a scenario's acts play on.

    Attributes:
        kept: the promises that were judged already, each with what broke it, if anything.
        marks: moments that promises measure from, boot-time seconds.
    """

    deployment: Deployment
    storage: Storage
    session: aiohttp.ClientSession
    kept: dict[str, str] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)

    @property
    def main(self) -> int:
        """The container's main process as the host sees it."""
        started = [r for r in self.deployment.records if isinstance(r, ContainerStarted)]
        return started[-1].pid

    def judge(self, promise: str, broken: str = "") -> None:
        """Take down whether a promise was kept."""
        self.kept[promise] = broken

    def mark(self, name: str) -> None:
        """Remember this moment."""
        self.marks[name] = clock.now()

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Call the agent as a patient game does: again, until it answers.

        Raises:
            PlatformError: it refuses, or the deployment has ended.
        """
        await self.deployment.wrote("serving the game at")
        while not self.deployment.over:
            found = _SERVING.findall(self.deployment.stderr)[-1].decode()
            try:
                async with self.session.request(method, found + path, json=body) as answer:
                    told: dict[str, Any] = await answer.json(content_type=None)
            except aiohttp.ClientError:
                await clock.wait(asyncio.Event(), _PAUSE)
                continue
            if answer.ok:
                return told
            raise PlatformError(f"cannot {method} {path}: {told.get('detail')}")
        raise PlatformError(f"cannot {method} {path}: the deployment has ended")

    async def phase(self, *names: str) -> dict[str, Any]:
        """Wait until the agent's phase is one of these; return its status."""
        status = await self.call("GET", "/v1/status")
        while status["phase"] not in names:
            query = f"after={status['revision']}&wait={_POLL}"
            status = await self.call("GET", f"/v1/status?{query}")
        return status

    async def agent(self) -> int:
        """Return the agent's process, as soon as there is one."""
        return await self._see(lambda: inmates.agent(self.main))

    async def game(self) -> int:
        """Return the game's process, as soon as there is one."""
        return await self._see(lambda: inmates.game(self.main))

    async def signal_agent(self, signum: int) -> int:
        """Signal the agent; return which process that was."""
        pid = await self.agent()
        os.kill(pid, signum)
        return pid

    async def signal_game(self, signum: int) -> None:
        """Signal the game's process group."""
        await self.game()
        inmates.signal_game(self.main, signum)

    async def crash_game(self) -> None:
        """Let the game run into a fault, also one whose clock stands still."""
        await self.signal_game(signal.SIGSEGV)
        inmates.signal_game(self.main, signal.SIGCONT)  # it may be gone already

    async def freeze_game(self) -> None:
        """Stop the game's clock: it answers nothing, and no signal but SIGKILL ends it."""
        await self.signal_game(signal.SIGSTOP)

    def look_for_tokens(self) -> None:
        """Judge whether the platform's tokens can be read by the game."""
        tokens = self._tokens()
        for name, block in inmates.environments(self.main):
            if any(token in block for token in tokens):
                self.judge(SECRETS, f"a token is in the environment of {name}")

    def judge_secrets(self) -> None:
        """Judge whether a token went out."""
        places = {
            "stdout": self.deployment.stdout,
            "stderr": self.deployment.stderr,
            "shipped log": bytes(self.storage.body),
        }
        for name, whole in places.items():
            if any(token in whole for token in self._tokens()):
                self.judge(SECRETS, f"a token is in the {name}")
        self.kept.setdefault(SECRETS, "")

    def _tokens(self) -> list[bytes]:
        identity = self.deployment.identity
        return [identity.delete_token.encode(), identity.context_token.encode()]

    async def _see(self, look: Callable[[], int | None]) -> int:
        while not (pid := look()):
            if self.deployment.over:
                raise PlatformError("cannot find the process: the deployment has ended")
            await clock.wait(asyncio.Event(), _LOOK)
        return pid


SECRETS = "no token of the platform reaches the game, a log or a store"
