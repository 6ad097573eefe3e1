"""Logs on their way to stores: what a steady game costs, a busy machine, a large backlog."""

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil

from tests.logs.servers import BUCKET, KEY, SECRET, weed

from . import pump
from .foundation import ENTRYPOINT
from .table import Row

LINES_A_SECOND = 10_000
SECONDS = 60
GRACE = 5.0
BACKLOG = 500_000_000
SLOW_BYTES = 1_000_000  # a second and connection
_MIB = 1 << 20
# 100 lines of 120 bytes each 10 ms, by the clock; after the count it waits for its end.
_GAME = """
import os, sys, time
rate, count, at = int(sys.argv[1]), int(sys.argv[2]), time.monotonic()
for number in range(0, count, 100):
    text = b"".join(b"%08d %s\\n" % (number + i, b"says something " * 7 + b"abcde") for i in range(100))
    while text:
        text = text[os.write(1, text):]
    if rate:
        at += 100 / rate
        time.sleep(max(0.0, at - time.monotonic()))
os.write(2, b"written\\n")
time.sleep(1000)
"""  # noqa: E501 - a program


def rows(rounds: int) -> list[Row]:
    """Measure; a steady game takes a minute, so it is measured once."""
    busy = [_busy() for _ in range(rounds)]
    backlog = [_backlog() for _ in range(min(rounds, 2))]
    steady = _steady()
    return [
        Row("agent at 10,000 lines/s to S3 and NDJSON, peak memory", "MiB", [steady["peak"]],
            bound=60),
        Row("the same, growth from the 20th to the last second", "MiB", [steady["growth"]],
            bound=2),
        Row("the same, processor", "% of a core", [steady["busy"]], bound=25),
        Row("the same, PID 1's processor", "% of a core", [steady["pump"]]),
        Row("the same, bytes not shipped at the end", "", [steady["left"]], bound=0),
        Row("pump while the agent takes all of a core, to cat's alone", "x", busy, floor=0.5),
        Row("500 MB backlog, store at 1 MB/s: exit after SIGTERM, grace 5 s", "s",
            [each["exit"] for each in backlog], bound=GRACE),
        Row("the same, the last line is in the store", "",
            [each["tail"] for each in backlog], floor=1),
    ]  # fmt: skip


class _Sink(BaseHTTPRequestHandler):
    """Takes all, at the server's pace; remembers how far each stream of objects came."""

    protocol_version = "HTTP/1.1"

    def _take(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            piece = self.rfile.read(min(left, 50_000))
            left -= len(piece)
            if self.server.pace:  # type: ignore[attr-defined] # our own server's
                time.sleep(len(piece) / self.server.pace)  # type: ignore[attr-defined]
        found = re.search(r"/stdout-\d+-(\d+)", self.path)
        if found:
            self.server.ends.append(int(found[1]))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST = _take  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _server(pace: int = 0) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    server.pace, server.ends = pace, []  # type: ignore[attr-defined] # for `_Sink`
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _busy() -> float:
    """Return the pump's throughput beside a process that spins, to cat's without it."""
    folder = Path(tempfile.mkdtemp(prefix="ship-bench-", dir="/var/tmp"))
    bulk = (300_000_000 // pump.LINE, 0, 500, 0)
    try:
        pump.build(folder)
        alone = pump.run(folder, lambda _: ["cat"], bulk)["rate"]
        # Another process, as the agent is one: what it can take is the processor, not the GIL.
        spin = [sys.executable, "-c", "while True: pass"]
        with subprocess.Popen(spin) as agent:
            rate = pump.run(folder, lambda place: pump.relay(place, 0.002), bulk)["rate"]
            agent.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rate / alone


@contextmanager
def _container(
    folder: Path, rate: int, count: int, env: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the game behind the entrypoint; its stderr goes to a file."""
    command = [ENTRYPOINT, sys.executable, "-c", _GAME, str(rate), str(count)]
    more = {"AGENT_PORT": "0", "AGENT_GRACE": f"{GRACE:g}s", "AGENT_SPOOL_DIR": str(folder), **env}
    with (
        (folder / "stderr").open("wb") as stderr,
        subprocess.Popen(
            command, env={**os.environ, **more}, stdout=subprocess.DEVNULL, stderr=stderr
        ) as main,
    ):
        try:
            yield main
        finally:
            if main.poll() is None:
                main.terminate()


def _said(folder: Path, what: str) -> bool:
    return what.encode() in (folder / "stderr").read_bytes()


def _agent(main: int) -> psutil.Process:
    while True:
        for child in psutil.Process(main).children():
            if "agent.wiring" in child.cmdline():
                return child
        time.sleep(0.05)


def _steady() -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="ship-bench-", dir="/var/tmp"))
    store = folder / "store"
    store.mkdir()
    try:
        with weed(store) as endpoint, _server() as server:
            env = {
                "AGENT_LOG_SINK": f"s3://{BUCKET}/logs?endpoint={endpoint}"
                f" http://127.0.0.1:{server.server_port}/in",
                "AGENT_LOG_AWS_ACCESS_KEY_ID": KEY,
                "AGENT_LOG_AWS_SECRET_ACCESS_KEY": SECRET,
            }
            with _container(folder, LINES_A_SECOND, LINES_A_SECOND * SECONDS, env) as main:
                agent, relay = _agent(main.pid), psutil.Process(main.pid)
                memory, begun = [], time.monotonic()
                first = agent.cpu_times(), relay.cpu_times()
                while not _said(folder, "written"):
                    time.sleep(1)
                    memory.append(agent.memory_info().rss / _MIB)
                took = time.monotonic() - begun
                spent = [
                    sum(now[:2]) - sum(before[:2])
                    for now, before in zip(
                        (agent.cpu_times(), relay.cpu_times()), first, strict=True
                    )
                ]
                main.terminate()
                main.wait()
            text = (folder / "stderr").read_text()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ends = re.findall(r"left (\d+), dropped (\d+)", text)
    if len(ends) != 2:
        raise SystemExit(f"the last lines are missing: {text[-2000:]}")
    return {
        "peak": max(memory),
        "growth": statistics.median(memory[-5:]) - statistics.median(memory[18:23]),
        "busy": 100 * spent[0] / took,
        "pump": 100 * spent[1] / took,
        "left": float(sum(int(left) + int(dropped) for left, dropped in ends)),
    }


def _backlog() -> dict[str, float]:
    folder = Path(tempfile.mkdtemp(prefix="ship-bench-", dir="/var/tmp"))
    try:
        with _server(SLOW_BYTES) as server:
            env = {
                "AGENT_LOG_SINK": f"s3://key:secret-key@bucket/logs"
                f"?endpoint=http://127.0.0.1:{server.server_port}",
                "AGENT_SPOOL_MAX": "600MiB",
            }
            count = BACKLOG // pump.LINE
            with _container(folder, 0, count, env) as main:
                _agent(main.pid)
                while not (_said(folder, "written") and _said(folder, "serving the game")):
                    time.sleep(0.05)
                begun = time.monotonic()
                main.send_signal(signal.SIGTERM)
                main.wait()
                took = time.monotonic() - begun
            size = -(-count // 100) * 100 * pump.LINE  # whole pieces
            ends: list[int] = server.ends  # type: ignore[attr-defined] # `_Sink`'s
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"exit": took, "tail": float(size in ends)}
