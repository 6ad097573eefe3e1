"""Matches through the local platform with random faults: nothing may grow, be lost, stay behind.

Two deployments play match after match for the whole time, one of them with an agent that is
killed again and again; beside them short ones are started, each with an end and faults of its own.
``python -m bench.soak --for 2h --seed 7``. What a seed does is the same each time, the moment at
which it meets the agent is not.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from agent import clock
from agent.core import durations
from agent.errors import PlatformError
from agent.local import faults, image
from agent.local.deployment import Deployment
from agent.local.ledger import ContainerStarted, StopAccepted
from agent.local.platform import Platform
from agent.local.variables import free_port
from agent.local.version import Version

from .table import Row, show

GAME = Path(__file__).with_name("soakgame.py")
ENDS = (
    "match_ends", "everybody_leaves", "nobody_joins", "stops", "leaves", "crashes", "is_killed",
    "falls_silent", "the_platform_stops",
)  # fmt: skip
SELF_STOPS = ("", "", "503x2", "429:1s", "reset,lost", "hang:1s", "lostx2", "503,reset,503")
LANES = 2
PATIENCE = 120.0  # seconds for a deployment to end after its match
MATCH_SECONDS = (0.2, 4.0)
SAMPLE_SECONDS = 2.0
BATTER_SECONDS = (3.0, 15.0)
BATTERED, STEADY = "agent killed again and again", "undisturbed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the game of one deployment does.

    Attributes:
        end: one of ``ENDS``, or "marathon".
        deaf: it ignores SIGTERM.
        rate: lines a second.
        seconds: from the match's start to its end.
        count: the file that it counts its lines in.
        kills: when the agent is killed, in seconds.
        freezes: when it is stopped with SIGSTOP, for a second.
        calls: what the self-stop calls meet.
    """

    seed: int
    end: str
    rate: int
    count: str
    deaf: bool = False
    seconds: float = 0.0
    kills: tuple[float, ...] = ()
    freezes: tuple[float, ...] = ()
    calls: str = ""


@dataclass(slots=True)
class Found:
    """What a soak has come to so far."""

    ends: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    kills: int = 0
    faults: list[str] = field(default_factory=list)
    samples: dict[str, list[dict[str, float]]] = field(default_factory=dict)


class Soak:
    """Lanes of deployments on one platform."""

    def __init__(self, platform: Platform, folder: Path, seed: int) -> None:
        self.found = Found()
        self._platform = platform
        self._folder = folder
        self._chance = random.Random(seed)
        self._seed = seed
        self._over = asyncio.Event()

    async def run(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            for lane in range(LANES):
                group.create_task(self._lane(random.Random(f"{self._seed}/{lane}")))
            for name in (STEADY, BATTERED):
                group.create_task(self._marathon(name))
            await clock.wait(self._over, seconds)
            self._over.set()

    async def _lane(self, chance: random.Random) -> None:
        while not self._over.is_set():
            place = Path(tempfile.mkdtemp(dir=self._folder))
            plan = _draw(chance, place)
            await self._play(plan, place)
            self.found.ends[plan.end] += 1

    async def _play(self, plan: Plan, place: Path) -> None:
        deployment = await self._platform.deploy(_version(plan, place))
        async with asyncio.TaskGroup() as group:
            meddling = [
                group.create_task(self._meddle(deployment, at, signum))
                for signum, times in ((signal.SIGKILL, plan.kills), (signal.SIGSTOP, plan.freezes))
                for at in times
            ]
            if plan.end == "the_platform_stops":
                await deployment.wrote("line 5 ")
                await clock.wait(asyncio.Event(), plan.seconds)
                deployment.stop()
            await self._ended(deployment, plan)
            for task in meddling:
                task.cancel()
        self._judge(deployment, plan, place)

    async def _marathon(self, name: str) -> None:
        place = Path(tempfile.mkdtemp(dir=self._folder))
        plan = Plan(self._seed, "marathon", 200, str(place / "count"))
        deployment = await self._platform.deploy(_version(plan, place))
        samples = self.found.samples[name] = []
        chance = random.Random(f"{self._seed}/{name}")
        next_kill = clock.now() + chance.uniform(*BATTER_SECONDS)
        while not await clock.wait(self._over, SAMPLE_SECONDS):
            sample = _sample(_pid1(deployment))
            samples.append(sample)
            if name == BATTERED and clock.now() >= next_kill:
                self._signal(deployment, signal.SIGKILL)
                next_kill = clock.now() + chance.uniform(*BATTER_SECONDS)
        deployment.stop()
        await self._ended(deployment, plan)
        self._judge(deployment, plan, place)

    async def _meddle(self, deployment: Deployment, at: float, signum: int) -> None:
        await clock.wait(asyncio.Event(), at)
        pid = self._signal(deployment, signum)
        if signum == signal.SIGSTOP and pid:
            await clock.wait(asyncio.Event(), 1.0)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _signal(self, deployment: Deployment, signum: int) -> int | None:
        pid = None if deployment.over else _agent(_pid1(deployment))
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)
                self.found.kills += signum == signal.SIGKILL
        return pid

    async def _ended(self, deployment: Deployment, plan: Plan) -> None:
        try:
            async with asyncio.timeout(plan.seconds + PATIENCE):
                await deployment.terminated()
        except TimeoutError:
            self._accuse(plan, "it did not end", deployment)
            deployment.life.abandon()
            await deployment.terminated()

    def _judge(self, deployment: Deployment, plan: Plan, place: Path) -> None:
        """Look at what a deployment has left."""
        written = int.from_bytes(Path(plan.count).read_bytes(), "little")
        self.found.lines += written
        for where, text in (("stdout", deployment.stdout), ("store", _stored(place / "sink"))):
            lost = _lost(text, written)
            if lost:
                self._accuse(plan, f"{where} misses {lost} of {written} lines", deployment)
        left = list(_processes_of(deployment.id))
        if left:
            self._accuse(plan, f"left behind: {left}", deployment)
        by = {record.by for record in deployment.records if isinstance(record, StopAccepted)}
        expected = "operator" if plan.end in {"marathon", "the_platform_stops"} else "self-stop"
        if by != {expected}:
            self._accuse(plan, f"stopped by {by or 'nobody'}, not by {expected}", deployment)

    def _accuse(self, plan: Plan, what: str, deployment: Deployment) -> None:
        self.found.faults.append(what)
        tail = deployment.stderr.decode(errors="replace").splitlines()[-15:]
        said = "\n  ".join(tail)
        print(f"FAULT {what}\n {plan}\n  {said}", file=sys.stderr, flush=True)


def _draw(chance: random.Random, place: Path) -> Plan:
    end = chance.choice(ENDS)
    seconds = chance.uniform(*MATCH_SECONDS)
    return Plan(
        seed=chance.randrange(1 << 30),
        end=end,
        rate=chance.choice((20, 200, 2000)),
        count=str(place / "count"),
        deaf=chance.random() < 0.2,
        seconds=seconds,
        kills=tuple(chance.uniform(0.3, 8) for _ in range(chance.choice((0, 0, 1, 3)))),
        freezes=tuple(chance.uniform(0.5, 5) for _ in range(chance.choice((0, 0, 0, 1)))),
        calls=chance.choice(SELF_STOPS),
    )


def _version(plan: Plan, place: Path) -> Version:
    (place / "sink").mkdir()
    return Version(
        command=image.behind_entrypoint(sys.executable, str(GAME), json.dumps(asdict(plan))),
        env={
            "PATH": image.search_path(),
            "AGENT_PORT": str(free_port("TCP")),
            "AGENT_GRACE": "8s",
            "AGENT_STOP_TIMEOUT": "8s",
            "AGENT_DRAIN": "1s",
            "AGENT_EVERYBODY_LEFT": "1s",
            "AGENT_NOBODY_JOINED": "0" if plan.end == "marathon" else "4s",
            "AGENT_ON_MATCH_END": "ready" if plan.end == "marathon" else "stop",
            "AGENT_PLAYERS": "api",
            "AGENT_LOG_SINK": f"file://{place}/sink?compress=none",
            "AGENT_SPOOL_DIR": str(place),
            **({"AGENT_EVERYBODY_LEFT": "0"} if plan.end == "marathon" else {}),
        },
        ports=(),
        grace=8.0,
        stop_delay=0.1,
        faults=faults.parse(plan.calls) if plan.calls else (),
    )


def _lost(text: bytes, written: int) -> int:
    seen = {int(number) for number in re.findall(rb"^line (\d+) [^\n]*\n", text, re.MULTILINE)}
    return len(set(range(1, written + 1)) - seen)


def _stored(folder: Path) -> bytes:
    """Return everything that the store has, in no order but within a stretch."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files)


def _pid1(deployment: Deployment) -> int:
    started = [each for each in deployment.records if isinstance(each, ContainerStarted)]
    return started[-1].pid


def _agent(pid1: int) -> int | None:
    with suppress(OSError):
        for pid in Path(f"/proc/{pid1}/task/{pid1}/children").read_text().split():
            with suppress(OSError):
                if b"agent.wiring" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
    return None


def _processes_of(deployment: str) -> Iterator[str]:
    mark = f"ARBITRIUM_REQUEST_ID={deployment}".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (place / "environ").read_bytes():
                yield (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()


def _sample(pid1: int) -> dict[str, float]:
    """Return the figures of PID 1 and of its agent, and the zombies below PID 1."""
    figures: dict[str, float] = {}
    for name, pid in (("PID 1", pid1), ("agent", _agent(pid1))):
        if pid is None:
            continue
        with suppress(OSError, AttributeError):
            status = Path(f"/proc/{pid}/status").read_text()
            memory, threads = (
                int(re.search(rf"^{word}:\s+(\d+)", status, re.MULTILINE)[1])  # type: ignore[index]
                for word in ("RssAnon", "Threads")
            )
            descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            figures |= {
                f"{name}, memory of its own": memory / 1024,
                f"{name}, threads": threads,
                f"{name}, descriptors": descriptors,
            }
    figures["zombies"] = _zombies(pid1)
    return figures


def _zombies(pid1: int) -> int:
    found = 0
    with suppress(OSError):
        for pid in Path(f"/proc/{pid1}/task/{pid1}/children").read_text().split():
            with suppress(OSError):
                found += " Z " in Path(f"/proc/{pid}/stat").read_text()
    return found


def _growth(samples: list[dict[str, float]], figure: str) -> float:
    """Return how much more it is in the last quarter than in the second; the first warms up."""
    values = [sample[figure] for sample in samples if figure in sample]
    quarter = len(values) // 4
    if not quarter:
        raise PlatformError(f"cannot tell the growth of {figure}: too few samples; soak longer")
    return statistics.median(values[-quarter:]) - statistics.median(values[quarter : 2 * quarter])


def _rows(found: Found) -> list[Row]:
    rows = [
        Row("deployments played to their end", "", [found.ends.total() + len(found.samples)]),
        Row("agents killed", "", [found.kills]),
        Row("lines written", "", [found.lines]),
        Row("deployments with a fault", "", [len(found.faults)], bound=0),
    ]
    for name, samples in found.samples.items():
        whose = ("PID 1", "agent") if name == STEADY else ("PID 1",)
        for who in whose:
            rows += [
                Row(f"{who} more memory ({name})", "MiB",
                    [_growth(samples, f"{who}, memory of its own")], bound=2.0),
                Row(f"{who} more descriptors ({name})", "",
                    [_growth(samples, f"{who}, descriptors")], bound=1),
                Row(f"{who} more threads ({name})", "",
                    [_growth(samples, f"{who}, threads")], bound=2),
            ]  # fmt: skip
        last = [sample["zombies"] for sample in samples]
        rows.append(Row(f"zombies at a look ({name})", "", [statistics.median(last)], bound=0))
    return rows


async def soak(seconds: float, seed: int) -> Found:
    """Return what was found in so many seconds."""
    with tempfile.TemporaryDirectory(prefix="soak-", dir="/var/tmp") as folder:
        async with Platform(hears_lines=False) as platform:
            whole = Soak(platform, Path(folder), seed)
            await whole.run(seconds)
            return whole.found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--for", dest="time", default="2m", help="such as 2h (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = asyncio.run(soak(durations.parse(chosen.time), chosen.seed))
    print(f"ends: {dict(found.ends)}", file=sys.stderr)
    return show(_rows(found), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
