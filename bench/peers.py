"""PID 1 beside what an image would take instead: nothing at all, tini, dumb-init, catatonit."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .foundation import CHILD, ENTRYPOINT, QUIET, _pss, _switches
from .table import Row

REST_SECONDS = 5.0
PEERS = {
    "no init": [],
    "tini": ["tini", "-s", "--"],
    "dumb-init": ["dumb-init", "--"],
    "catatonit": ["catatonit", "--"],
    "entrypoint.sh --no-agent": [ENTRYPOINT, "--no-agent"],
    "entrypoint.sh": [ENTRYPOINT],
}
FIGURES = {
    "first output": "ms",
    "SIGTERM → the game's handler": "ms",
    "the game's exit → the whole's": "ms",
    "PSS beside the game": "MiB",
    "wake-ups in 5 s": "",
}


def rows(rounds: int) -> list[Row]:
    """Measure each peer once a round; one that is not installed is left out."""
    there = {name: argv for name, argv in PEERS.items() if not argv or shutil.which(argv[0])}
    for name in PEERS.keys() - there.keys():
        print(f"peers: {name} is left out: apt-get install {name}", file=sys.stderr)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in there}
    with tempfile.TemporaryDirectory() as folder:
        child, source = Path(folder) / "child", Path(folder) / "child.c"
        source.write_text(CHILD)
        subprocess.run(["gcc", "-O2", "-static", "-o", str(child), str(source)], check=True)
        for _ in range(rounds):
            for name, argv in there.items():
                found[name].append(_measure([*argv, str(child), "stay"]))
    return [
        Row(f"{figure}, {name}", unit, [one[figure] for one in each], group=figure)
        for figure, unit in FIGURES.items()
        for name, each in found.items()
    ]


def _measure(command: list[str]) -> dict[str, float]:
    """Start, rest, stop; the times of the game's own clock count, not when we heard of them."""
    with tempfile.TemporaryFile("w+") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **QUIET},
        )
        said = ""
        while not (first := re.search(r"first (\S+)\n", said)):
            time.sleep(0.001)
            said = os.pread(output.fileno(), 4096, 0).decode()
        time.sleep(3)  # the agent has started by then
        family = [pid for pid in _family(process.pid) if not _is_game(pid)]
        before = sum(_switches(pid) for pid in family)
        time.sleep(REST_SECONDS)
        awake = sum(_switches(pid) for pid in family) - before
        pss = sum(_pss(pid) for pid in family)
        sent = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        gone = time.monotonic()
        said = os.pread(output.fileno(), 4096, 0).decode()
    heard = re.search(r"term (\S+)\n", said)
    if heard is None:
        raise SystemExit(f"{command}: the game got no SIGTERM")
    return {
        "first output": 1000 * (float(first[1]) - begun),
        "SIGTERM → the game's handler": 1000 * (float(heard[1]) - sent),
        "the game's exit → the whole's": 1000 * (gone - float(heard[1])),
        "PSS beside the game": pss,
        "wake-ups in 5 s": awake,
    }


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _is_game(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").readlink().name == "child"
