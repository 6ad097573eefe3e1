"""What it costs to look at a game's health: every kind of condition on, as against none."""

import os
import signal
import subprocess
import sys
import tempfile
import time

from .players import ENTRYPOINT, ROOT, _agent, _cpu, _wait_for_ready
from .table import Row

PERIOD, DEFAULT_PERIOD = 0.25, 5.0  # looks are made more often than by default, to see them at all
SECONDS = 15.0
UDP, TCP, HTTP, A2S = 7777, 7778, 7779, 7780
GAME = (
    str(ROOT / "tests" / "games" / "staged.py"),
    *(f"udp:{UDP}", f"tcp:{TCP}", f"http:{HTTP}", f"a2s:{A2S}", "say:up"),
)
PORTS = f'{{"ports": {{"game": {{"internal": {UDP}, "external": {UDP}, "protocol": "UDP"}}}}}}'
CONDITIONS = {
    "none": {},
    "all": {
        "AGENT_HEALTH_WHEN": f"port\nudp:game\ntcp:{TCP}\nhttp:{HTTP}/\na2s:{A2S}\nlog!:^FATAL",
        "AGENT_HEALTH_PERIOD": str(PERIOD),
    },
}


def rows(rounds: int) -> list[Row]:
    """Measure with and without, in turn."""
    each: dict[str, list[float]] = {"none": [], "all": []}
    for _ in range(max(1, rounds // 2)):
        for name, settings in CONDITIONS.items():
            each[name].append(_cpu_share(settings))
    costs = [
        100 * max(0.0, on - off) * PERIOD / DEFAULT_PERIOD
        for off, on in zip(each["none"], each["all"], strict=True)
    ]
    what = "every kind of condition of health, at the default period"
    return [Row(what, "% of a core", costs, bound=0.2)]


def _cpu_share(settings: dict[str, str]) -> float:
    environ = {**os.environ, "ARBITRIUM_PORTS_MAPPING": PORTS, "AGENT_PLAYERS": "api", **settings}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [ENTRYPOINT, sys.executable, *GAME], stdout=output, stderr=output, env=environ
        )
        try:
            _wait_for_ready()
            time.sleep(5)
            agent = _agent(process.pid)
            before, begun = _cpu(agent), time.monotonic()
            time.sleep(SECONDS)
            return (_cpu(agent) - before) / (time.monotonic() - begun)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
