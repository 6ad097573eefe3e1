"""A stop in real time, row by row: every fault of a store, every grace, every end of a game."""

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.local.deployment import Deployment
from agent.local.platform import Platform
from tests.fakes.logstore import Reply, Store
from tests.fakes.shelf import Shelf
from tests.tools import need

from .scene import MIB, Scene, seconds_to_exit

SINKS = {
    "s3": "s3://key:secret-key@bucket/logs?endpoint=http://{host}",
    "ndjson": "http://{host}/in",
    "otlp": "http://{host}/v1/logs?format=otlp",
    "loki": "http://{host}/loki/api/v1/push?format=loki",
    "tls": "https://{host}/in",
    "dns": "http://logs.example.com:{port}/in",
}
SILENT_SERVER = f"127.53.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # of names


@dataclass(frozen=True)
class Row:
    """One stop."""

    sink: str
    fault: Reply
    grace: float
    how: str = "leave"
    last: int = 100
    backlog: int = MIB

    def __str__(self) -> str:
        return f"{self.sink}, {self.fault}, grace {self.grace:g} s, {self.how}, {self.last}"


# Each fault, sink, grace and end of a game is in at least one row; each takes its whole grace.
ROWS = [
    Row("s3", Reply(fault="hang"), 30.0, how="ignore"),
    Row("ndjson", Reply(fault="half"), 10.0, how="child"),
    Row("otlp", Reply(503), 10.0, how="crash", backlog=5 * MIB),
    Row("loki", Reply(429, headers=(("Retry-After", "60"),)), 5.0),
    Row("s3", Reply(fault="reset"), 5.0, last=3 * MIB, backlog=0),
    Row("tls", Reply(fault="hang"), 5.0, backlog=0),
    Row("dns", Reply(fault="hang"), 5.0),
]


@contextmanager
def deaf_server() -> Iterator[str]:
    """Have connections made that nobody ever takes: no TLS comes about."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def silent_names(folder: Path) -> Iterator[tuple[str, ...]]:
    """Have a server of names that never answers; yield what makes a container ask it."""
    config = folder / "resolv.conf"
    config.write_text(f"nameserver {SILENT_SERVER}\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        try:
            silent.bind((SILENT_SERVER, 53))
        except OSError:
            need("port 53", package="nothing: be root", there=False)
        mount = f'mount --bind {config} /etc/resolv.conf && exec "$@"'
        yield ("sh", "-c", mount, "sh")


async def test_every_store_fault_grace_and_end_of_a_game_side_by_side(tmp_path: Path) -> None:
    """loki#6533, alloy#4509, vector#9739, moby#53143: a stop hangs while the sink is down."""

    async def run(number: int, row: Row) -> tuple[Row, Scene, Deployment]:
        folder = tmp_path / str(number)
        folder.mkdir()
        shelf = Shelf(lambda _: row.fault)
        async with Store(usually=shelf) as store:
            host = deaf if row.sink == "tls" else store.host
            url = SINKS[row.sink].format(host=host, port=host.partition(":")[2])
            around = nameless if row.sink == "dns" else ()
            scene = Scene(folder, host, shelf, sink=url, around=around)
            env = {"SCRIBE_LAST": str(row.last), "SCRIBE_TERM": row.how}
            deployment = await scene.begin(platform, backlog=row.backlog, grace=row.grace, env=env)
            ready.release()
            await all_ready.wait()
            deployment.stop()
            await deployment.terminated()
        return row, scene, deployment

    ready, all_ready = asyncio.Semaphore(0), asyncio.Event()
    with deaf_server() as deaf, silent_names(tmp_path) as nameless:
        async with Platform(hears_lines=False) as platform, asyncio.TaskGroup() as rows:
            tasks = [rows.create_task(run(*each)) for each in enumerate(ROWS)]
            for _ in ROWS:
                await ready.acquire()
            all_ready.set()
    for row, scene, deployment in [task.result() for task in tasks]:
        assert seconds_to_exit(deployment) < row.grace, row
        scene.assert_nothing_is_lost(deployment)
        (line,) = re.findall(rb"logs: shipped .*", deployment.stderr)
        told = re.search(rb"shipped (\d+) bytes in (\d+) objects.* left (\d+), dropped 0", line)
        assert told, (row, line)
        assert (int(told[1]), int(told[2])) == (0, 0), row
        assert int(told[3]) >= len(scene.copy), row
        assert deployment.exit_status == (137 if row.how == "ignore" else 0), row
