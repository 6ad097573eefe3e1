"""A game that the kernel ends for its memory is told from one that is killed otherwise."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tools import need
from tests.waiting import until

from .inside import ENTRYPOINT, GAMES

LIMIT = 160 << 20
ROOT = Path("/sys/fs/cgroup")


@pytest.fixture
def cage() -> Iterator[Path]:
    """Make a memory cgroup below our own, of whichever version the kernel has."""
    group = None
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            group = (ROOT / "memory" / path.strip("/"), "memory.limit_in_bytes")
        elif not controllers and group is None:
            group = (ROOT / path.strip("/"), "memory.max")
    made = None
    if group is not None:
        made = group[0] / f"greedy-{os.getpid()}"
        with suppress(OSError):
            made.mkdir()
            (made / group[1]).write_text(str(LIMIT))
    is_there = made is not None and group is not None and (made / group[1]).exists()
    need("memory cgroups", package="nothing: run as root with /sys/fs/cgroup", there=is_there)
    assert made is not None
    yield made
    until(lambda: not (made / "cgroup.procs").read_text(), what="the end of all in it")
    made.rmdir()


def test_kill_for_memory_is_told_even_when_the_agent_was_killed_first(
    cage: Path, tmp_path: Path
) -> None:
    """The agent has the higher oom_score_adj: it may go first, and its successor has to know."""
    join = f'echo $$ > {cage}/cgroup.procs; exec "$0" "$@"'
    done = subprocess.run(
        ["sh", "-c", join, ENTRYPOINT, "python3", f"{GAMES}/greedy.py"],
        env={**os.environ, "AGENT_PORT": "0", "AGENT_CRASH_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 137
    (path,) = tmp_path.glob("*-crash-*.json")
    memory = json.loads(path.read_text())["memory"]
    assert memory["oom_killed"]
    assert memory["limit_bytes"] == LIMIT
    assert memory["oom_kills"] >= 1
    assert "killed for memory" in done.stderr
