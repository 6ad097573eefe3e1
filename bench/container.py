"""The bundle in a container of 0.25 CPU and 256 MiB: what it costs, how soon it serves."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .foundation import _agent, _pss
from .table import Row

TOP = Path(__file__).parents[1]
ROOT = TOP / "build" / "minbase-bookworm"
SMALL = ("--cpus", "0.25", "-m", "256m")
LIMITS = ("--ulimit", "nofile=10000:10000", "--ulimit", "nproc=4096:4096")
_IDLE_SECONDS = 30


def rows(rounds: int) -> list[Row]:
    """Measure; ``make bundle`` and the base of ``make containers`` have to be there."""
    bundles = sorted((TOP / "dist").glob("arbitrium-agent-*.tar.gz"))
    if not bundles or not ROOT.exists():
        raise SystemExit("bench container: run make bundle containers before")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        subprocess.run(["tar", "-C", folder, "-xf", bundles[-1]], check=True)
        source = TOP / "tests" / "containers" / "game.c"
        subprocess.run(["gcc", "-O2", "-static", "-o", folder / "game", source], check=True)
        cost = [_cost(folder) for _ in range(2 * rounds)]
        silent, idle, memory = zip(*(_life(folder, "silent") for _ in range(rounds)), strict=True)
        busy = [_life(folder, "busy", rests=False)[0] for _ in range(rounds)]
    return [
        Row("in 0.25 CPU: CPU of PID 1 before the game's first instruction", "ms", cost, bound=20),
        Row("in 0.25 CPU: serving beside a silent game after", "s", silent, bound=3.0),
        Row("in 0.25 CPU: serving beside a busy game after", "s", busy, bound=8.0),
        Row("in 0.25 CPU: idle, of a core", "%", idle, bound=0.1),
        Row("in 0.25 CPU: PSS of both", "MiB", memory, bound=46.0),
    ]


def _command(folder: Path, *words: str) -> list[str]:
    return [
        *("podman", "--cgroup-manager=cgroupfs", "--runtime", "runc", "--log-level", "error"),
        *("run", "--rm", "--network", "none", *LIMITS, *SMALL, "-e", "AGENT_STATUS_PERIOD=60"),
        *("-v", f"{folder}/opt/agent:/opt/agent:ro", "-v", f"{folder}/game:/game:ro"),
        *("--rootfs", f"{ROOT}:O", "/opt/agent/entrypoint.sh", "/game", *words),
    ]


def _cost(folder: Path) -> float:
    """Return ms; the game itself reads them as its first act."""
    command = _command(folder, "cost")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    line = next(line for line in done.stdout.splitlines() if line.startswith("cost "))
    return int(line.split()[1]) / 1e6


def _life(folder: Path, mode: str, *, rests: bool = True) -> tuple[float, float, float]:
    """Return seconds until it serves, the share of a core at rest in percent, PSS in MiB."""
    with _started(_command(folder, mode)) as lines:
        begun = next(at for at, line in lines if "first line" in line)
        served = next(at for at, line in lines if "serving the game" in line)
        if not rests:
            return served - begun, 0.0, 0.0
        pid = _init(folder)
        agent = _agent(pid)
        time.sleep(3)
        before = _ran(pid) + _ran(agent)
        time.sleep(_IDLE_SECONDS)
        share = 100 * (_ran(pid) + _ran(agent) - before) / _IDLE_SECONDS
        return served - begun, share, _pss(pid) + _pss(agent)


@contextmanager
def _started(command: list[str]) -> Iterator[Iterator[tuple[float, str]]]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    try:
        yield ((time.monotonic(), line) for line in process.stdout)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _init(folder: Path) -> int:
    """Return the host's number of the container's first process."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            spaces = (entry / "status").read_text()
        except OSError:
            continue
        is_first = any(
            line.startswith("NSpid:") and line.split()[-1] == "1" and len(line.split()) > 2
            for line in spaces.splitlines()
        )
        if is_first and b"/game" in words:
            return int(entry.name)
    raise SystemExit(f"the container of {folder} is not there")


def _ran(pid: int) -> float:
    """Return the CPU seconds of all threads so far."""
    return sum(
        int(each.read_text().split()[0]) / 1e9
        for each in Path(f"/proc/{pid}/task").glob("*/schedstat")
    )
