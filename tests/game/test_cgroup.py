"""The container's memory is read from either version of cgroups."""

from pathlib import Path

import pytest

from agent.core.crash import MemoryFacts
from agent.game.cgroup import memory

V2 = {
    "memory.max": "134217728\n",
    "memory.peak": "1000\n",
    "memory.events": "low 0\nmax 5\noom 1\noom_kill 2\n",
}
V1 = {
    "memory.limit_in_bytes": "134217728\n",
    "memory.max_usage_in_bytes": "1000\n",
    "memory.failcnt": "5\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
}
ALL = MemoryFacts(1000, 134217728, 5, 2)


def written(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("cgroup", "folder", "files"),
    [
        ("0::/\n", "", V2),
        ("0::/docker/abc\n", "docker/abc", V2),
        ("0::/not/shown/here\n", "", V2),
        ("9:memory:/\n0::/\n", "memory", V1),
        ("9:cpu,memory:/docker/abc\n", "memory/docker/abc", V1),
        ("9:memory:/docker/abc\n", "memory", V1),
    ],
    ids=["v2", "v2 of the host", "v2 namespaced", "v1", "v1 of the host", "v1 namespaced"],
)
def test_figures_are_found(
    tmp_path: Path, cgroup: str, folder: str, files: dict[str, str]
) -> None:
    written(tmp_path / "cgroup" / folder, files)
    written(tmp_path / "self", {"cgroup": cgroup})
    assert memory(tmp_path / "cgroup", tmp_path / "self") == ALL


def test_no_limit_and_no_figures_are_none(tmp_path: Path) -> None:
    written(tmp_path / "cgroup", {"memory.max": "max\n"})
    assert memory(tmp_path / "cgroup", tmp_path) == MemoryFacts()
    written(tmp_path / "old" / "memory", {"memory.limit_in_bytes": "9223372036854771712\n"})
    assert memory(tmp_path / "old", tmp_path) == MemoryFacts()
    assert memory(tmp_path / "none", tmp_path) == MemoryFacts()
