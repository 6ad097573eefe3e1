"""The whole agent in a container of a quarter of a processor and 256 MiB.

``python -m bench.small --minutes 10`` looks at each game for as long.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .foundation import ENTRYPOINT, _agent, _call, _free_port, _pss
from .players import _cpu
from .table import Row, show

CPU, MEMORY = 0.25, 256 * 1024 * 1024
SETTLE_SECONDS = 10.0  # what the start has put off is over then
SECONDS = 30.0
GAMES = {
    "silent": "import time; time.sleep(3600)",
    "flooding": """
import os
line = b'x' * 119 + b'\\n'
while True:
    os.write(1, line * 20)
""",
    "200 players": """
import json, os, time, urllib.request
while True:
    body = json.dumps({'ids': [f'player-{n}' for n in range(200)]}).encode()
    call = urllib.request.Request(os.environ['AGENT_URL'] + '/v1/players', body, method='PUT')
    try:
        urllib.request.urlopen(call, timeout=30).read()
    except OSError:
        pass
    print('tick', flush=True)
    time.sleep(1)
""",
}
BOUNDS = {"silent": 3.0, "flooding": 8.0, "200 players": 8.0}  # a busy one


def rows(rounds: int, seconds: float = SECONDS) -> list[Row]:
    """Measure each game in turn, so many seconds each time."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in GAMES}
    with _cgroups() as groups:
        if groups is None:
            print("small: cannot make cgroups here; these rows are left out", file=sys.stderr)
            return []
        for _ in range(max(1, rounds // 2)):
            for name, game in GAMES.items():
                found[name].append(_measure(game, groups, seconds))
    where = "in 0.25 CPU, 256 MiB"
    return [
        row
        for name, each in found.items()
        for row in (
            Row(f"agent serves, {name} game, {where}", "s", [one[0] for one in each],
                bound=BOUNDS[name]),
            Row(f"PID 1 and agent, {name} game, {where}", "% of a core",
                [100 * one[1] for one in each], bound=0.1 if name == "silent" else None),
            Row(f"PSS of both, {name} game, {where}", "MiB", [one[2] for one in each],
                bound=46.0 if name == "silent" else None),
        )
    ]  # fmt: skip


def _measure(game: str, groups: list[Path], seconds: float) -> tuple[float, float, float]:
    port = _free_port()
    join = "; ".join(f"echo $$ > {group}/cgroup.procs" for group in groups)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as spool:
        begun = time.monotonic()
        process = subprocess.Popen(
            ["sh", "-c", f'{join}; exec "$@"', "sh", ENTRYPOINT, sys.executable, "-c", game],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "AGENT_PORT": str(port), "AGENT_SPOOL_DIR": spool},
        )
        try:
            _call(f"http://127.0.0.1:{port}/healthz")
            served = time.monotonic() - begun
            _call(f"http://127.0.0.1:{port}/v1/ready", "POST")
            time.sleep(SETTLE_SECONDS)
            ours = (process.pid, _agent(process.pid))
            before, since = sum(map(_cpu, ours)), time.monotonic()
            time.sleep(seconds)
            share = (sum(map(_cpu, ours)) - before) / (time.monotonic() - since)
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/status", timeout=30).read()
            return served, share, sum(map(_pss, ours))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@contextmanager
def _cgroups() -> Iterator[list[Path] | None]:
    """Make a group of each controller, of version 1 or 2; None where that is not allowed."""
    root = Path("/sys/fs/cgroup")
    name = f"arbitrium-bench-{os.getpid()}"
    quota = str(int(100_000 * CPU))
    if (root / "cgroup.controllers").exists():
        wanted = {root / name: {"cpu.max": f"{quota} 100000", "memory.max": str(MEMORY)}}
    else:
        wanted = {
            root / "cpu" / name: {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": quota},
            root / "memory" / name: {"memory.limit_in_bytes": str(MEMORY)},
        }
    made: list[Path] = []
    try:
        try:
            for group, limits in wanted.items():
                group.mkdir()
                made.append(group)
                for file, value in limits.items():
                    (group / file).write_text(value)
        except OSError:
            yield None
        else:
            yield made
    finally:
        for group in made:
            with suppress(OSError):  # somebody is still leaving
                group.rmdir()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.small", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=SECONDS / 60, help="a game")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    return show(rows(2 * chosen.rounds, 60 * chosen.minutes), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
