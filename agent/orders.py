"""Carrying out what the core orders."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, assert_never

from .core import effects as do
from .core.crash import Crash
from .core.events import CrashReported, Event, LogsShipped
from .core.options import Options
from .interfaces import Clock, PidOne

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_LAST_NEWS_SECONDS = 0.02  # PID 1 kills us at once
Courier = Callable[[str, Callable[[Event], object]], Coroutine[Any, Any, None]]
"""Sends the self-stop for a reason, hands in what the platform says."""


class Inquest(Protocol):
    """Who looks at a game that hangs, or is gone."""

    def examine(self, why: str) -> None:
        """Look at it while it hangs; it takes milliseconds."""
        ...

    async def report(self, crash: Crash) -> None:
        """Report on its end, in seconds."""
        ...


class Knock(Protocol):
    """Who asks the game at a door of its own."""

    async def ask(self, order: do.AskGame) -> None:
        """Ask it to stop, until it is to be killed at the latest."""
        ...


class Orders:
    """The hands of the runtime: each effect is one small act, harmless if it comes twice."""

    def __init__(
        self,
        link: PidOne,
        options: Options,
        *,
        now: Clock,
        courier: Courier,
        journal: logging.Logger,
        deployment: str = "",
    ) -> None:
        self._link = link
        self._options = options
        self._now = now
        self._courier = courier
        self._journal = journal
        self._deployment = deployment
        self._errands: asyncio.TaskGroup | None = None
        self._self_stop: asyncio.Task[None] | None = None
        self.post: Callable[[Event], object] = lambda _: None
        self.ship: Callable[[float, bool], object] = self._ship_nothing
        self.knock: Callable[[do.AskGame], Coroutine[Any, Any, None]] = self._nobody_there
        self.examine: Callable[[str], object] = lambda _: None
        self.report: Callable[[Crash], Coroutine[Any, Any, None]] = self._report_nothing
        self._inquest: asyncio.Task[None] | None = None
        self.tell: Callable[[], object] = lambda: None
        self.present: Callable[[do.PresentBill], object] = lambda _: None

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Keep the errands that take time for the length of the block; nothing outlives it."""
        async with asyncio.TaskGroup() as self._errands:
            yield
            self._cancel_self_stop()

    def perform(self, effect: do.Effect) -> None:  # noqa: C901, PLR0912, PLR0915 - one case an effect
        """Carry out one order; nothing here waits."""
        match effect:
            case do.AnnounceStop():
                self._announce(effect)
            case do.SignalGame():
                self._link.order("signal_game", signum=self._options.stop_signal)
            case do.AskGame():
                self._ask(effect)
            case do.ExamineGame(why=why):
                self.examine(why)
            case do.AbortGame():
                self._link.order("abort_game", signum=self._options.hang_signal)
            case do.ReportCrash(crash=crash):
                self._report(crash)
            case do.KillGame():
                self._link.order("kill_game")
            case do.RestartGame():
                self._link.order("restart_game")
            case do.ShipLogs(until=until, goes_on=goes_on):
                self._after_inquest(lambda: self.ship(until, goes_on))
            case do.SendSelfStop(reason=reason):
                self._send_self_stop(reason)
            case do.CancelSelfStop():
                self._cancel_self_stop()
            case do.Leave(status=status, why=why):
                self._after_inquest(lambda: self._leave(status, why))
            case do.TellStatus():
                self.tell()
            case do.PresentBill():
                self.present(effect)
            case do.Say(level=level, text=text):
                # An error is what somebody greps for who has only the id.
                extra = {"deployment": self._deployment} if level == "error" else None
                self._journal.log(_LEVELS[level], text, extra=extra)
            case _ as unreachable:
                assert_never(unreachable)

    def follow(self, coroner: Inquest, asker: Knock) -> None:
        """Leave it to others to look at the game, to ask it at its own door."""
        self.examine, self.report, self.knock = coroner.examine, coroner.report, asker.ask

    def _report(self, crash: Crash) -> None:
        if self._inquest is not None and not self._inquest.done():
            self._inquest.add_done_callback(lambda _: self._report(crash))
        elif self._errands:
            self._inquest = self._errands.create_task(self.report(crash), name="inquest")

    def _after_inquest(self, act: Callable[[], object]) -> None:
        """Let a report that is being written come first: it goes out with the last lines."""
        if self._inquest is None or self._inquest.done():
            act()
        else:
            self._inquest.add_done_callback(lambda _: act())

    async def _nobody_there(self, _: do.AskGame) -> None:
        """Ask nobody."""

    async def _report_nothing(self, crash: Crash) -> None:
        self.post(CrashReported(crash.number))

    def _leave(self, status: int, why: str) -> None:
        """Have PID 1 end all, when those who follow the events have heard the last one."""
        asyncio.get_running_loop().call_later(
            _LAST_NEWS_SECONDS, lambda: self._link.order("leave", status=status, why=why)
        )

    def _ship_nothing(self, _: float, __: bool) -> None:  # noqa: FBT001 - as a shipper is called
        asyncio.get_running_loop().call_soon(self.post, LogsShipped())

    def _announce(self, stop: do.AnnounceStop) -> None:
        self._link.order(
            "stopping",
            reason=stop.reason,
            report=stop.report,
            signal_at=stop.signal_at,
            kill_at=stop.kill_at,
            end_at=stop.end_at,
        )

    def _ask(self, ask: do.AskGame) -> None:
        if ask.way == "events":
            return  # who follows them has been told
        if ask.way in {"http", "rcon"}:
            if self._errands:
                self._errands.create_task(self.knock(ask), name=f"ask by {ask.way}")
            return
        if ask.way == "stdin":
            self._link.order("write_stdin", text=self._options.stop_text + "\n")
            return
        if not self._options.stop_file:
            self._journal.warning("cannot ask the game by a file: AGENT_STOP_FILE is not set")
            return
        seconds_left = round(ask.kill_at - self._now(), 3)
        note = json.dumps({"reason": ask.reason, "seconds_left": seconds_left})
        try:
            _put(Path(self._options.stop_file), note + "\n")
        except OSError as error:
            self._journal.warning("cannot write AGENT_STOP_FILE: %s", error)

    def _send_self_stop(self, reason: str) -> None:
        if self._errands and (self._self_stop is None or self._self_stop.done()):
            errand = self._courier(reason, self.post)
            self._self_stop = self._errands.create_task(errand, name="self-stop")

    def _cancel_self_stop(self) -> None:
        if self._self_stop is not None:
            self._self_stop.cancel()


def _put(path: Path, text: str) -> None:
    """Write the file in one go: who looks sees nothing or all of it, whatever its uid."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)
