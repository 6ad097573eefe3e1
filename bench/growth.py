"""How cost grows with connections, players, event streams, log lines; a bare aiohttp beside."""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import aiohttp

from agent import clock

from .foundation import ENTRYPOINT, _agent, _call, _free_port, _p99, _pss
from .players import _cpu
from .table import Row

CONNECTIONS = (1, 10, 100)
PLAYERS = (1, 10, 100, 1_000, 10_000)
STREAMS = (1, 10, 100, 500)
LINES = (0, 100, 1_000, 10_000)
CALLS = 1_000
SECONDS = 5.0
BARE = """
import sys
from aiohttp import web
async def answer(_): return web.json_response({"phase": "ready"})
app = web.Application()
app.router.add_get("/readyz", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""
WRITER = """
import os, sys, time
rate, line, at = int(sys.argv[1]), b"x" * 119 + b"\\n", time.monotonic()
while rate:
    at += 0.01
    os.write(1, line * max(1, rate // 100))
    time.sleep(max(0, at - time.monotonic()))
time.sleep(3600)
"""


def rows(rounds: int) -> list[Row]:
    """Measure; what grows with a number carries it, for the plot."""
    some = max(1, rounds // 2)
    return [*_calls(some), *_player_lists(some), *_streams(some), *_lines(some)]


def _calls(rounds: int) -> Iterator[Row]:
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for _ in range(rounds):
        with _bare() as bare, _served() as (_, ours):
            for name, url in (("aiohttp bare", bare), ("agent", ours)):
                for connections in CONNECTIONS:
                    figures = asyncio.run(_load(f"{url}/readyz", connections))
                    found.setdefault((name, connections), []).append(figures)
    for nth, (figure, unit) in enumerate((("rate", "1/s"), ("p50", "ms"), ("p99", "ms"))):
        for (name, connections), each in found.items():
            yield Row(f"GET /readyz {figure}, {connections} connections, {name}", unit,
                      [one[nth] for one in each], group=f"GET /readyz {figure}, {name}",
                      x=connections)  # fmt: skip


async def _load(url: str, connections: int) -> tuple[float, float, float]:
    took: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def caller(calls: int) -> None:
            for _ in range(calls):
                begun = time.monotonic()
                async with session.get(url) as answer:
                    await answer.read()
                took.append(1000 * (time.monotonic() - begun))

        begun = time.monotonic()
        await asyncio.gather(*(caller(CALLS // connections) for _ in range(connections)))
        seconds = time.monotonic() - begun
    return len(took) / seconds, statistics.median(took), _p99(took)


def _player_lists(rounds: int) -> Iterator[Row]:
    found: dict[int, list[float]] = {number: [] for number in PLAYERS}
    for _ in range(rounds):
        with _served() as (_, url):
            for number in PLAYERS:
                found[number].append(asyncio.run(_put(url, number)))
    for number, values in found.items():
        yield Row(f"PUT /v1/players, {number:,} ids, one new", "ms", values,
                  group="PUT /v1/players", x=number)  # fmt: skip


async def _put(url: str, number: int) -> float:
    took = []
    async with aiohttp.ClientSession() as session:
        for nth in range(20):
            body = {"ids": [f"p{nth + one}" for one in range(number)]}
            begun = time.monotonic()
            async with session.put(f"{url}/v1/players", json=body) as answer:
                await answer.read()
            took.append(1000 * (time.monotonic() - begun))
            if answer.status != 200:
                raise SystemExit(f"{number} players: {answer.status}")
    return statistics.median(took)


def _streams(rounds: int) -> Iterator[Row]:
    found: dict[int, list[tuple[float, float, float]]] = {number: [] for number in STREAMS}
    for _ in range(rounds):
        for number in STREAMS:
            with _served() as (pid, url):
                found[number].append(asyncio.run(_follow(url, number, _agent(pid))))
    for number, each in found.items():
        yield Row(
            f"event streams open of {number:,} asked for",
            "",
            [one[0] for one in each],
            group="event streams open",
            x=number,
        )
        yield Row(
            f"an event at all of {number:,} streams",
            "ms",
            [one[1] for one in each],
            group="an event at all streams",
            x=number,
        )
        yield Row(f"agent's PSS with {number:,} streams", "MiB", [one[2] for one in each],
                  group="agent's PSS with streams", x=number)  # fmt: skip


async def _follow(url: str, number: int, agent: int) -> tuple[float, float, float]:
    """Open streams, change something, wait until each that was granted has heard of it."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        opened = []
        for _ in range(number):
            with suppress(aiohttp.ClientError):  # refused, which is the bound
                answer = await session.get(f"{url}/v1/events")
                if answer.status == 200:
                    await answer.content.readline()
                    opened.append(answer)
                else:
                    answer.close()
        begun = time.monotonic()
        took = []
        for nth in range(5):
            begun = time.monotonic()
            hearing = [asyncio.create_task(_hear(answer, f"m{nth}")) for answer in opened]
            async with session.put(f"{url}/v1/players", json={"ids": [f"m{nth}"]}) as answer:
                await answer.read()
            await asyncio.gather(*hearing)
            took.append(1000 * (time.monotonic() - begun))
        pss = _pss(agent)
        for answer in opened:
            answer.close()
    return float(len(opened)), statistics.median(took), pss


async def _hear(answer: aiohttp.ClientResponse, _: str) -> None:
    async with asyncio.timeout(60):
        await answer.content.readline()


def _lines(rounds: int) -> Iterator[Row]:
    found: dict[int, list[float]] = {rate: [] for rate in LINES}
    for _ in range(rounds):
        for rate in LINES:
            with _served(WRITER, str(rate)) as (pid, _):
                ours = (pid, _agent(pid))
                before, since = sum(map(_cpu, ours)), clock.now()
                time.sleep(SECONDS)
                found[rate].append(100 * (sum(map(_cpu, ours)) - before) / (clock.now() - since))
    for rate, values in found.items():
        yield Row(f"PID 1 and agent at {rate:,} lines/s", "% of a core", values,
                  group="PID 1 and agent by lines/s", x=rate)  # fmt: skip


@contextmanager
def _served(game: str = "import time; time.sleep(3600)", *rest: str) -> Iterator[tuple[int, str]]:
    port = _free_port()
    process = subprocess.Popen(
        [ENTRYPOINT, sys.executable, "-c", game, *rest],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AGENT_PORT": str(port), "AGENT_STATUS_PERIOD": "0"},
    )
    try:
        _call(f"http://127.0.0.1:{port}/healthz")
        _call(f"http://127.0.0.1:{port}/v1/ready", "POST")
        time.sleep(2)
        yield process.pid, f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@contextmanager
def _bare() -> Iterator[str]:
    port = _free_port()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
    try:
        _call(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
