"""What it costs to look from outside who is there: every source on, as against none."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.network import Network, network

from .table import Row

ROOT = Path(__file__).parents[1]
ENTRYPOINT = str(ROOT / "entrypoint.sh")
PORT, CONTROL = 7777, 8655
PERIOD, DEFAULT_PERIOD = 0.5, 10.0  # looks are made more often than by default, to see them at all
SECONDS = 20.0
PLAYERS = 16
GAME = f"""
import asyncio, socket
async def main():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", {PORT}))
    udp.setblocking(False)
    asyncio.get_running_loop().add_reader(udp, lambda: udp.recv(2048))
    async def hold(reader, writer):
        print("a player came", flush=True)
        await reader.read()
        writer.close()
    async with await asyncio.start_server(hold, "0.0.0.0", {PORT}) as server:
        await server.serve_forever()
asyncio.run(main())
"""
PORTS = (
    f'{{"ports": {{"game": {{"name": "game", "internal": {PORT}, "external": {PORT}, '
    '"protocol": "TCP/UDP"}}}'
)
SOURCES = {
    "none": {"AGENT_PLAYERS": "api"},
    "all": {
        "AGENT_PLAYERS": f"api,log,a2s:{PORT},tcp,traffic",
        "AGENT_PLAYERS_LOG": "mirror",
        "AGENT_PLAYERS_PERIOD": str(PERIOD),
    },
}


def rows(rounds: int) -> list[Row]:
    """Measure with and without, in turn, in a network of its own with players on it."""
    each: dict[str, list[float]] = {"none": [], "all": []}
    with network() as wire:
        for _ in range(max(1, rounds // 2)):
            for name, settings in SOURCES.items():
                each[name].append(_cpu_share(wire, settings))
    costs = [
        100 * max(0.0, on - off) * PERIOD / DEFAULT_PERIOD
        for off, on in zip(each["none"], each["all"], strict=True)
    ]
    return [
        Row(
            "agent, no source of players looked at", "% of a core", [100 * x for x in each["none"]]
        ),
        Row("every source of players, at the default period", "% of a core", costs, bound=0.2),
    ]


def _cpu_share(wire: Network, settings: dict[str, str]) -> float:
    environ = {**os.environ, "ARBITRIUM_PORTS_MAPPING": PORTS, **settings}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [ENTRYPOINT, sys.executable, "-c", GAME], stdout=output, stderr=output, env=environ
        )
        clients = []
        try:
            _wait_for_ready()
            clients = [wire.play("connection.py", str(PORT)) for _ in range(PLAYERS)]
            clients += [wire.play("datagrams.py", str(PORT), "00" * 60) for _ in range(PLAYERS)]
            time.sleep(8)
            agent = _agent(process.pid)
            before, begun = _cpu(agent), time.monotonic()
            time.sleep(SECONDS)
            return (_cpu(agent) - before) / (time.monotonic() - begun)
        finally:
            for client in clients:
                client.communicate()
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_for_ready() -> None:
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{CONTROL}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def _agent(pid1: int) -> int:
    children = Path(f"/proc/{pid1}/task/{pid1}/children").read_text().split()
    return next(
        int(pid)
        for pid in children
        if b"agent.wiring" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


def _cpu(pid: int) -> float:
    """Return the seconds of processor time of all threads."""
    return (
        sum(
            int(Path(f"{task}/schedstat").read_text().split()[0])
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
        / 1e9
    )
