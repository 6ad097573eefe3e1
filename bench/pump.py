"""What the pump costs, beside cat in the same rounds.

usage: python3 bench/pump.py [--rounds N] [--megabytes N] [--json]
"""

import argparse
import fcntl
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
LINE = 120
MEBIBYTE = 1 << 20
Row = dict[str, float]


def main() -> None:
    """Print a table, or with --json the figures of every round."""
    options = read_options()
    folder = Path(tempfile.mkdtemp(prefix="pump-bench-", dir=options.folder))
    try:
        build(folder)
        rounds = [one_round(folder, options.megabytes) for _ in range(options.rounds)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    medians = {
        name: {key: statistics.median(r[name][key] for r in rounds) for key in rounds[0][name]}
        for name in rounds[0]
    }
    if options.json:
        print(json.dumps({"rounds": rounds, "medians": medians, "targets": targets(rounds)}))
        return
    show(rounds, medians)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1000, help="for the throughput rows")
    parser.add_argument("--folder", default="/var/tmp", help="where every byte goes to disk")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def build(folder: Path) -> None:
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-o", f"{folder}/pipes", f"{HERE}/pipes.c"]
    subprocess.run(command, check=True)


def one_round(folder: Path, megabytes: int) -> dict[str, Row]:
    """Run every row once, one after the other."""
    bulk = (megabytes * 1_000_000 // LINE, 0, 500, 0)
    relays: dict[str, Callable[[Path], list[str]]] = {
        "cat": lambda _: ["cat"],
        "pump": lambda place: relay(place, 0.002),
    }
    rows = {}
    for name, command in relays.items():
        rows[f"bulk {name}"] = run(folder, command, flood=bulk)
    plain = {**relays, "pump, never coalescing": lambda place: relay(place, 0)}
    for rate in (1_000, 10_000, 20_000):
        for name, command in plain.items():
            flood = (rate * 3, rate, 1, 1)
            rows[f"{rate}/s {name}"] = run(folder, command, flood=flood)
    for stall in (0, 3000):
        for name, command in relays.items():
            flood = (20_000 * 5, 20_000, 1, 1)
            rows[f"stall {stall} {name}"] = run(folder, command, flood=flood, stall=stall)
    return rows


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
) -> Row:
    """Run flood → relay → drink; return rates, latencies, and what the relay took."""
    pipes = str(folder / "pipes")
    spool = folder / "spool"
    warm(folder, flood[0] * LINE)
    into, out, hold = os.pipe(), os.pipe(), os.pipe()
    reports = [os.pipe() for _ in range(3)]
    argv = command(spool)
    if argv[0] != "cat":  # PID 1 grows the game's pipe; nobody grows cat's
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
        "MB/s": drunk["bytes"] / 1e6 / drunk["seconds"],
        "CPU-s/GB": cpu / (drunk["bytes"] / 1e9),
        "CPU %": 100 * cpu / drunk["seconds"],
        "late p50 ms": drunk["late_p50"] / 1e3,
        "late p99 ms": drunk["late_p99"] / 1e3,
        "write max ms": flooded["write_max"] / 1e3,
        "peak MiB": counters.get("peak_kib", usage.ru_maxrss) / 1024,
        "gap bytes": counters.get("spool_gap_bytes", 0) + counters.get("spool_dropped_bytes", 0),
    }


def start(argv: list[str], fds: dict[int, int]) -> subprocess.Popen[bytes]:
    """Start a program with these descriptors and no others."""
    moves = "".join(f" {number}<&{fd} {fd}<&-" for number, fd in fds.items())
    shell = ["/bin/bash", "-c", f'exec "$@"{moves}', "bash", *argv]
    return subprocess.Popen(shell, pass_fds=list(fds.values()))


def read_report(fd: int) -> Row:
    with os.fdopen(fd) as report:
        text = report.read()
    return json.loads(text) if text else {}


def targets(rounds: list[dict[str, Row]]) -> dict[str, tuple[float, float, bool]]:
    """Return each target's figure, its bound, and whether it holds."""

    def median(look: Callable[[dict[str, Row]], float]) -> float:
        return statistics.median(look(one) for one in rounds)

    ratio = median(lambda r: r["bulk pump"]["MB/s"] / r["bulk cat"]["MB/s"])
    cpu = median(lambda r: r["bulk pump"]["CPU-s/GB"])
    cat = median(lambda r: r["10000/s cat"]["late p99 ms"])
    late = median(lambda r: r["10000/s pump"]["late p99 ms"])
    wait = median(
        lambda r: r["stall 3000 pump"]["write max ms"] - r["stall 0 pump"]["write max ms"]
    )
    peak = max(row["peak MiB"] for r in rounds for name, row in r.items() if "pump" in name)
    gap = max(r["bulk pump"]["gap bytes"] for r in rounds)
    return {
        "throughput, x cat": (ratio, 0.7, ratio >= 0.7),
        "CPU-s/GB": (cpu, 1.5, cpu <= 1.5),
        "added p99 at 10,000 lines/s, ms": (
            late - cat,
            max(0.3, 2 * cat),
            late - cat <= max(0.3, 2 * cat),
        ),
        "longest write, added by a 3 s stall, ms": (wait, 20, wait <= 20),
        "peak RSS, MiB": (peak, 14, peak <= 14),
        "bytes not on disk": (gap, 0, gap == 0),
    }


def show(rounds: list[dict[str, Row]], medians: dict[str, Row]) -> None:
    columns = list(next(iter(medians.values())))
    print(f"{'median of ' + str(len(rounds)):26}", *(f"{c:>13}" for c in columns))
    for name, row in medians.items():
        print(f"{name:26}", *(f"{row[c]:13.2f}" for c in columns))
    spread = [r["bulk pump"]["MB/s"] / r["bulk cat"]["MB/s"] for r in rounds]
    print(f"x cat per round: {', '.join(f'{s:.2f}' for s in sorted(spread))}\n")
    for name, (figure, target, holds) in targets(rounds).items():
        print(f"{name:42}{figure:10.3f}  (target {target:g}) {'holds' if holds else 'MISSED'}")


if __name__ == "__main__":
    main()
