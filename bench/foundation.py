"""PID 1 beside tini: first output, the way out, memory, wake-ups at rest."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .table import Row

ROOT = Path(__file__).parents[1]
ENTRYPOINT = str(ROOT / "entrypoint.sh")
CHILD = r"""
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static char line[64];
static void say(const char *word) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int n = snprintf(line, sizeof line, "%s %ld.%09ld\n", word, (long)t.tv_sec, t.tv_nsec);
    if (write(1, line, n) != n) _exit(9);
}
static void on_term(int s) { (void)s; say("term"); _exit(0); }
int main(int argc, char **argv) {
    signal(SIGTERM, on_term);
    say("first");
    if (argc > 1 && !strcmp(argv[1], "stay")) for (;;) pause();
    return 0;
}
"""
QUIET = {"AGENT_PORT": "0"}


def rows(rounds: int) -> list[Row]:
    """Measure everything, interleaved, so that the machine's drift meets all alike."""
    with tempfile.TemporaryDirectory() as folder:
        child = str(Path(folder) / "child")
        source = Path(folder) / "child.c"
        source.write_text(CHILD)
        subprocess.run(["gcc", "-O2", "-static", "-o", child, str(source)], check=True)
        found = _starts(child, 4 * rounds)
        found += _ends(child, rounds)
        found += _deaf(child, 10 * rounds)
        found += _rest(child, rounds)
    return found


def _starts(child: str, rounds: int) -> list[Row]:
    first, tini, plain, ratios = [], [], [], []
    for _ in range(rounds):
        whole = _whole([_tini(), "--", child])
        ours = _first_output([ENTRYPOINT, child])
        tini.append(whole)
        first.append(ours)
        plain.append(_whole([ENTRYPOINT, "--no-agent", child]))
        ratios.append(ours / whole)
    return [
        Row("tini, whole process", "ms", tini),
        Row("entrypoint.sh, game's first output", "ms", first),
        Row("entrypoint.sh --no-agent, whole process", "ms", plain),
        Row("first output / tini's whole process", "x", ratios, bound=8.0),
    ]


def _ends(child: str, rounds: int) -> list[Row]:
    heard, left = [], []
    for _ in range(rounds):
        with _served(child) as (process, output):
            sent = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            gone = time.monotonic()
            said = re.search(r"term (\S+)", _read(output))
            assert said
            heard.append(1000 * (float(said[1]) - sent))
            left.append(1000 * (gone - float(said[1])))
    return [
        Row("SIGTERM to us → the game's handler", "ms", heard, bound=20.0),
        Row("the game's exit → ours, nothing left to do", "ms", left, bound=100.0),
    ]


def _deaf(child: str, rounds: int) -> list[Row]:
    """Stop the agent with SIGSTOP: the platform's SIGTERM must reach the game past it."""
    heard = []
    for _ in range(rounds):
        with _served(child) as (process, output):
            agent = _agent(process.pid)
            os.kill(agent, signal.SIGSTOP)
            sent = time.monotonic()
            process.send_signal(signal.SIGTERM)
            while not (said := re.search(r"term (\S+)\n", _read(output))):
                time.sleep(0.001)
            heard.append(1000 * (float(said[1]) - sent))
            os.kill(agent, signal.SIGKILL)
    return [
        Row("SIGTERM → the game's handler, agent stopped (p99)", "ms", [_p99(heard)], bound=20.0)
    ]


def _read(output: IO[str]) -> str:
    output.seek(0)
    return output.read()


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def _rest(child: str, rounds: int) -> list[Row]:
    pid1, agent, both = [], [], []
    one, ten, told = [], [], []
    for _ in range(max(1, rounds // 5)):
        with _served(child, ready=True) as (process, _):
            time.sleep(3)
            child_pid = _agent(process.pid)
            before = _switches(process.pid), _switches(child_pid)
            time.sleep(10)
            between = _switches(child_pid)
            time.sleep(20)
            one.append(_switches(process.pid) - before[0])
            ten.append(between - before[1])
            pid1.append(_pss(process.pid))
            agent.append(_pss(child_pid))
            both.append(pid1[-1] + agent[-1])
        with _served(child, players=True) as (process, _):
            time.sleep(3)
            child_pid = _agent(process.pid)
            first = _switches(child_pid)
            time.sleep(10)
            told.append(_switches(child_pid) - first)
    return [
        Row("PID 1, PSS", "MiB", pid1),
        Row("agent, PSS", "MiB", agent),
        Row("both, PSS at rest", "MiB", both, bound=46.0),
        Row("PID 1, wake-ups in 30 s at rest", "", one, bound=1.0),
        Row("agent, wake-ups in 10 s at rest, told of its players", "", told, bound=5.0),
        # Bounded by its processor time instead: python -m bench players.
        Row("agent, wake-ups in 10 s at rest, looking for players", "", ten),
    ]


@contextmanager
def _served(
    child: str, *, ready: bool = False, players: bool = False
) -> Iterator[tuple[subprocess.Popen[bytes], IO[str]]]:
    """Run the child under the agent until the agent serves."""
    port = _free_port()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [ENTRYPOINT, child, "stay"],
            stdout=output,
            stderr=errors,
            env={**os.environ, "AGENT_PORT": str(port)},
        )
        try:
            _call(f"http://127.0.0.1:{port}/healthz")
            if ready:
                _call(f"http://127.0.0.1:{port}/v1/ready", "POST")
            if players:
                _call(f"http://127.0.0.1:{port}/v1/ready", "POST")
                _call(f"http://127.0.0.1:{port}/v1/players?count=0", "PUT")
            yield process, output
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _call(url: str, method: str = "GET") -> None:
    end = time.monotonic() + 30
    while True:
        try:
            request = urllib.request.Request(
                url, method=method, data=b"" if method == "POST" else None
            )
            urllib.request.urlopen(request, timeout=30).read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)  # only until PID 1 has bound the port
        else:
            return


def _whole(command: list[str]) -> float:
    begun = time.monotonic()
    subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        env={**os.environ, **QUIET},
    )
    return 1000 * (time.monotonic() - begun)


def _first_output(command: list[str]) -> float:
    begun = time.monotonic()
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        env={**os.environ, **QUIET},
    )
    return 1000 * (float(done.stdout.split()[1]) - begun)


def _tini() -> str:
    found = shutil.which("tini")
    if found is None:
        raise SystemExit("tini is missing: apt-get install tini")
    return found


def _agent(parent: int) -> int:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for pid in children:
        if b"agent.wiring" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return int(pid)
    raise SystemExit("the agent is not up")


def _switches(pid: int) -> int:
    """Return how often the process's threads have gone to sleep, so woken up, so far."""
    return sum(
        int(_found(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text()))
        for status in Path(f"/proc/{pid}/task").glob("*/status")
    )


def _pss(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(_found(r"^Pss:\s+(\d+)", rollup)) / 1024


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match
    return match[1]
