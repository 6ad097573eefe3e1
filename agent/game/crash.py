"""The inquest into a game that is gone: what is left of it, in one report."""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from .. import clock
from ..core import exits
from ..core.crash import Crash, CrashReport, HangFacts, MemoryFacts
from ..core.durations import render
from ..core.events import CrashReported, Event
from ..core.snapshot import LogLine
from ..interfaces import Collector, Logs, PidOne
from ..link import Truth
from . import cgroup, remains, threads, tree
from .remains import Places
from .reports import Reports

LOG = logging.getLogger("agent.crash")

LINES = 200
_HANG_LINES = 50
_LINE_CHARACTERS = 4096
_SEAL_SECONDS = 0.5
_WHOLE_SECONDS = 2.0  # a report that takes longer must not hold a stop up
_SOURCES = ("stdout", "stderr")


class Coroner:
    """Examines a game that hangs, reports on one that is gone; nothing runs in between."""

    def __init__(
        self, truth: Truth, *, link: PidOne, logs: Logs, folder: str, deployment: str
    ) -> None:
        """Prepare.

        Args:
            truth: what PID 1 told.
            link: PID 1, who knows what is still in the pipes.
            logs: the game's output.
            folder: where reports are kept; empty = nowhere.
            deployment: the deployment's id.
        """
        self._places = Places(truth.game_folder, truth.game_path, truth.game_home)
        self.post: Callable[[Event], object] = lambda _: None
        self.collector: Collector | None = None
        self._link = link
        self._logs = logs
        self._reports = Reports(folder, truth.boot)
        self._boot = truth.boot
        self._deployment = deployment
        # What was killed for memory while an agent was there before us may have been the game.
        self._oom_kills = cgroup.memory().oom_kills or 0 if truth.start == 1 else 0
        self._pid: int | None = None
        self._hang: HangFacts | None = None
        self._report: CrashReport | None = None
        self._sealed: dict[int, asyncio.Event] = {}

    def follow(self, pid: int | None) -> None:
        """Take note of the game's process."""
        if pid is not None:
            self._pid = pid

    def heard(self, message: Mapping[str, Any]) -> None:
        """Take PID 1's answer to `seal_segment`; the shipper's tokens are positive, ours not."""
        sealed = self._sealed.get(message["token"])
        if sealed is not None:
            sealed.set()

    def latest(self) -> CrashReport | None:
        """Return the last report, also one of an agent before us; None where there is none."""
        if self._report is None:
            self._report = self._reports.latest()
        return self._report

    def examine(self, why: str) -> None:
        """Look at the game that hangs, now: it will soon be signalled. It takes milliseconds."""
        if self._pid is None:
            return
        pids = tree.descendants(self._pid)
        found = list(threads.threads(pids))
        held = list(threads.sockets(self._pid, threads.inodes(pids)))
        left_out = max(0, len(found) - threads.MOST_THREADS)
        left_out += max(0, len(held) - threads.MOST_SOCKETS)
        self._hang = HangFacts(
            time=_stamp(),
            why=why,
            threads=tuple(found[: threads.MOST_THREADS]),
            sockets=tuple(held[: threads.MOST_SOCKETS]),
            lines=self._lines(_HANG_LINES),
            left_out=left_out,
        )
        self._reports.keep_hang(self._hang)  # we may die before the game does
        states = " ".join(f"{each.name}:{each.state}" for each in found[:8])
        LOG.warning("the game hangs (%s): %d threads, %s", why, len(found), states)

    async def report(self, crash: Crash) -> None:
        """Report on the exit once, within two seconds; then the core is told."""
        if self._report is not None and self._report.number == crash.number:
            return
        try:
            async with asyncio.timeout(_WHOLE_SECONDS):
                await self._all_out(-crash.number)
                report = await asyncio.to_thread(self._gather, crash)
        except TimeoutError:
            LOG.warning("cannot report on the game's end: the disk is too slow")
            self.post(CrashReported(crash.number))
            return
        self._report, self._hang = report, None
        level = logging.INFO if crash.kind == "exited" else logging.WARNING
        LOG.log(level, "%s", in_words(report), extra={"crash": report.number})
        if self.collector is not None:
            paths = (report.path, *(each.path for each in report.files))
            self.collector.collect(tuple(path for path in paths if path))
        self.post(CrashReported(crash.number))

    async def _all_out(self, token: int) -> None:
        """Wait until the game's last lines are out of the pipes: the call stack is among them."""
        sealed = self._sealed[token] = asyncio.Event()
        self._link.order("seal_segment", token=token)
        await clock.wait(sealed, _SEAL_SECONDS)
        del self._sealed[token]

    def _gather(self, crash: Crash) -> CrashReport:
        since = clock.wall() - (crash.uptime_seconds or 0.0)
        pattern = remains.core_pattern()
        status = crash.exit
        number = exits.signal_of(status)
        report = CrashReport(
            time=_stamp(),
            boot_id=self._boot,
            deployment=self._deployment,
            number=crash.number,
            kind=crash.kind,
            exit=exits.words(status),
            exit_code=exits.code(status),
            signal=signal.Signals(number).name if number in set(signal.Signals) else None,
            why=crash.why,
            phase=crash.phase,
            was_ready=crash.was_ready,
            uptime_seconds=crash.uptime_seconds,
            players=crash.players,
            restarts=crash.restarts,
            memory=self._memory(crash),
            core_pattern=pattern,
            files=remains.find(self._places, since, pattern),
            hang=(self._hang or self._reports.hang()) if crash.kind == "hung" else None,
            lines=self._lines(LINES),
        )
        return self._reports.keep(report)

    def _memory(self, crash: Crash) -> MemoryFacts:
        """Return the figures; SIGKILL beside a fresh kill for memory is taken for one."""
        facts = cgroup.memory()
        if facts.oom_kills is None:
            return facts
        fresh = max(0, facts.oom_kills - self._oom_kills)
        self._oom_kills = facts.oom_kills
        killed = exits.code(crash.exit) == exits.KILLED and crash.kind != "hung"
        return replace(facts, oom_kills=fresh, oom_killed=killed and fresh > 0)

    def _lines(self, count: int) -> tuple[LogLine, ...]:
        if not self._logs.is_readable:
            return ()
        lines, _ = self._logs.tail(count, _SOURCES, "")
        return tuple(replace(line, text=line.text[:_LINE_CHARACTERS]) for line in lines)


def in_words(report: CrashReport) -> str:
    """Return the one line that tells of the report."""
    when = "after it was ready" if report.was_ready else "before it was ready"
    words = {"crashed": "crashed", "exited": "left unasked", "hung": "hung"}
    parts = [f"the game {words[report.kind]}: {report.exit}, {when}"]
    if report.uptime_seconds is not None:
        parts.append(f"up {render(round(report.uptime_seconds, 1))}")
    if report.players is not None:
        parts.append(f"{report.players} players")
    if report.memory.oom_killed:
        parts.append("killed for memory")
    if report.memory.peak_bytes is not None:
        parts.append(f"memory peak {report.memory.peak_bytes >> 20} MiB")
    parts += [f"{each.kind} {each.path}" for each in report.files[:3]]
    where = report.path or "GET /v1/crash"
    return f"{', '.join(parts)}; the report: {where}"


def _stamp() -> str:
    stamp = datetime.fromtimestamp(clock.wall(), UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")
