"""The pump beside cat, s6-log: throughput, processor time, latency, a stalled reader, memory."""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .table import Row, show

HERE = Path(__file__).resolve().parent
LINE = 120
MEBIBYTE = 1 << 20
MEGABYTES = 1000
STALL_MS = 3000
Figures = dict[str, float]


def rows(rounds: int, megabytes: int = MEGABYTES, where: str = "/var/tmp") -> list[Row]:
    """Measure; every byte goes to a file below *where*, relays take turns within a round."""
    folder = Path(tempfile.mkdtemp(prefix="pump-bench-", dir=where))
    try:
        build(folder)
        found = [one_round(folder, megabytes) for _ in range(rounds)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    def each(look: Callable[[dict[str, Figures]], float]) -> list[float]:
        return [look(one) for one in found]

    def figure(row: str, key: str) -> list[float]:
        return each(lambda one: one[row][key])

    def added(one: dict[str, Figures]) -> float:
        return one["10000/s pump"]["late p99"] - one["10000/s cat"]["late p99"]

    latencies = [
        Row(f"{what} latency, {name}", "ms", figure(name, what))
        for name in found[0]
        if "/s" in name
        for what in ("late p50", "late p99")
    ]
    peers = [
        Row(what, unit, figure(f"{where} s6-log", key))
        for what, unit, where, key in (
            ("throughput, s6-log with every byte on disk", "MB/s", "bulk", "rate"),
            ("processor time, s6-log", "CPU-s/GB", "bulk", "cpu"),
            ("longest write in a 3 s stall, s6-log", "ms", "stalled", "longest"),
        )
        if "bulk s6-log" in found[0]
    ]
    return [
        *peers,
        Row("throughput, cat", "MB/s", figure("bulk cat", "rate")),
        Row("throughput, pump with every byte on disk", "MB/s", figure("bulk pump", "rate")),
        Row("the same, to cat's in the round", "x",
            each(lambda one: one["bulk pump"]["rate"] / one["bulk cat"]["rate"]), floor=0.7),
        Row("processor time, cat", "CPU-s/GB", figure("bulk cat", "cpu")),
        Row("processor time, pump", "CPU-s/GB", figure("bulk pump", "cpu"), bound=1.5),
        Row("bytes that missed the disk", "", figure("bulk pump", "missed"), bound=0),
        *latencies,
        Row("p99 latency added at 10,000 lines/s", "ms", each(added)),
        Row("the same, above max(0.3 ms, 2 x cat's)", "ms",
            each(lambda one: added(one) - max(0.3, 2 * one["10000/s cat"]["late p99"])), bound=0),
        Row("processor, pump at 10,000 lines/s", "%", figure("10000/s pump", "busy")),
        Row("processor, pump at 20,000 lines/s", "%", figure("20000/s pump", "busy")),
        Row("longest write in a 3 s stall, cat", "ms", figure("stalled cat", "longest")),
        Row("longest write in a 3 s stall, pump", "ms", figure("stalled pump", "longest")),
        Row("the same, above no stall", "ms",
            each(lambda one: one["stalled pump"]["longest"] - one["20000/s pump"]["longest"]),
            bound=20),
        Row("peak memory, pump", "MiB",
            each(lambda one: max(v["peak"] for k, v in one.items() if "pump" in k)), bound=14),
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pump", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="at least 5 for a figure to quote")
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    parser.add_argument("--folder", default="/var/tmp", help="on a disk")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    return show(rows(chosen.rounds, chosen.megabytes, chosen.folder), as_json=chosen.json)


def build(folder: Path) -> None:
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-o", f"{folder}/pipes", f"{HERE}/pipes.c"]
    subprocess.run(command, check=True)


def one_round(folder: Path, megabytes: int) -> dict[str, Figures]:
    """Run every relay through everything once, one after the other."""
    relays: dict[str, Callable[[Path], list[str]]] = {
        "cat": lambda _: ["cat"],
        "pump": lambda place: relay(place, 0.002),
    }
    if shutil.which("s6-log"):  # it keeps every line on disk, too
        relays["s6-log"] = lambda place: ["s6-log", "1", "s16777215", "n100", str(place)]
    more = {**relays, "pump without coalescing": lambda place: relay(place, 0)}
    found = {}
    for name, command in relays.items():
        bulk = (megabytes * 1_000_000 // LINE, 0, 500, 0)
        found[f"bulk {name}"] = run(folder, command, bulk)
    for rate in (1_000, 10_000, 20_000):
        for name, command in more.items():
            found[f"{rate}/s {name}"] = run(folder, command, (rate * 4, rate, 1, 1))
    for name, command in relays.items():
        found[f"stalled {name}"] = run(folder, command, (100_000, 20_000, 1, 1), STALL_MS)
    return found


def warm(folder: Path, size: int) -> None:
    """Write as much as is going to be written, then forget it.

    A virtual machine's host takes free memory back; the first touch of a page then costs several
    times what the relay does with it. This touches the pages beforehand.
    """
    piece = bytes(MEBIBYTE)
    with (folder / "warm").open("wb", buffering=0) as file:
        for _ in range(size // MEBIBYTE + 1):
            file.write(piece)
    (folder / "warm").unlink()


def relay(place: Path, coalesce: float) -> list[str]:
    script = [str(HERE / "relay.py"), str(HERE.parent), str(place), str(coalesce)]
    return [sys.executable, "-I", "-S", *script]


def run(
    folder: Path,
    command: Callable[[Path], list[str]],
    flood: tuple[int, int, int, int],
    stall: int = 0,
) -> Figures:
    """Run flood → relay → drink; return rates, latencies, and what the relay took."""
    pipes = str(folder / "pipes")
    spool = folder / "spool"
    warm(folder, flood[0] * LINE)
    into, out, hold = os.pipe(), os.pipe(), os.pipe()
    reports = [os.pipe() for _ in range(3)]
    argv = command(spool)
    if argv[0] == sys.executable:  # PID 1 grows the game's pipe; nobody grows the peers'
        fcntl.fcntl(into[1], fcntl.F_SETPIPE_SZ, MEBIBYTE)
    drink = start([pipes, "drink", "1000", str(stall), str(flood[3])],
                  {0: out[0], 3: reports[0][1]})  # fmt: skip
    middle = start(argv, {0: into[0], 1: out[1], 3: reports[1][1], 4: hold[0]})
    game = start([pipes, "flood", *map(str, flood)], {1: into[1], 3: reports[2][1]})
    for fd in (*into, *out, hold[0], *(report[1] for report in reports)):
        os.close(fd)
    game.wait()
    os.close(hold[1])
    _, _, usage = os.wait4(middle.pid, 0)
    middle.returncode = 0
    drink.wait()
    drunk, counters, flooded = (read_report(report[0]) for report in reports)
    if drunk["lines"] != flood[0]:
        raise SystemExit(f"{argv}: {flood[0]} lines went in, {drunk['lines']} came out")
    cpu = usage.ru_utime + usage.ru_stime
    return {
        "rate": drunk["bytes"] / 1e6 / drunk["seconds"],
        "cpu": cpu / (drunk["bytes"] / 1e9),
        "busy": 100 * cpu / drunk["seconds"],
        "late p50": drunk["late_p50"] / 1e3,
        "late p99": drunk["late_p99"] / 1e3,
        "longest": flooded["write_max"] / 1e3,
        "peak": counters.get("peak_kib", 0) / 1024,
        "missed": counters.get("spool_gap_bytes", 0) + counters.get("spool_dropped_bytes", 0),
    }


def start(argv: list[str], fds: dict[int, int]) -> subprocess.Popen[bytes]:
    """Start a program with these descriptors and no others."""
    moves = "".join(f" {number}<&{fd} {fd}<&-" for number, fd in fds.items())
    shell = ["/bin/bash", "-c", f'exec "$@"{moves}', "bash", *argv]
    return subprocess.Popen(shell, pass_fds=list(fds.values()))


def read_report(fd: int) -> Figures:
    with os.fdopen(fd) as report:
        text = report.read()
    return dict(json.loads(text)) if text else {}


if __name__ == "__main__":
    sys.exit(main())
