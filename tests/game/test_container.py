"""The container's cgroup as it is mounted: own, nested, the machine's, none."""

from pathlib import Path

import pytest

from agent.core.usage import ContainerUsage
from agent.game.container import read_container

V2 = {
    "cgroup.controllers": "cpu memory pids",
    "cpu.stat": "usage_usec 2500000\nuser_usec 1\nnr_periods 40\nnr_throttled 4\n"
    "throttled_usec 250000\n",
    "cpu.max": "150000 100000\n",
    "memory.current": "1000\n",
    "memory.stat": "anon 1\ninactive_file 300\n",
    "memory.max": "4000\n",
    "memory.peak": "1200\n",
    "memory.events": "low 0\noom 2\noom_kill 1\n",
    "pids.current": "7\n",
    "pids.max": "100\n",
}
TOLD = ContainerUsage(
    source="cgroup v2",
    cpu_seconds=2.5,
    cpu_limit=1.5,
    periods=40,
    throttled_periods=4,
    throttled_seconds=0.25,
    memory_bytes=700,
    memory_limit=4000,
    memory_peak=1200,
    oom_kills=1,
    processes=7,
    processes_limit=100,
)
V1 = {
    "cpuacct/cpuacct.usage": "2500000000\n",
    "cpu/cpu.stat": "nr_periods 40\nnr_throttled 4\nthrottled_time 250000000\n",
    "cpu/cpu.cfs_quota_us": "150000\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "memory/memory.usage_in_bytes": "1000\n",
    "memory/memory.stat": "inactive_file 1\nhierarchical_memory_limit 4000\n"
    "total_inactive_file 300\n",
    "memory/memory.limit_in_bytes": "9223372036854771712\n",
    "memory/memory.max_usage_in_bytes": "1200\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    "pids/pids.current": "7\n",
    "pids/pids.max": "100\n",
}
OWN = "0::/\n"
OWN1 = "4:memory:/docker/ab\n3:pids:/docker/ab\n2:cpu,cpuacct:/docker/ab\n"


def machine(root: Path, files: dict[str, str], own: str, below: str = "") -> Path:
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/cgroup").write_text(own)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / below / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_version_2_in_a_namespace_of_its_own(tmp_path: Path) -> None:
    assert read_container(machine(tmp_path, V2, OWN)) == TOLD


def test_version_2_below_a_parent_whose_limit_is_lower(tmp_path: Path) -> None:
    machine(tmp_path, {**V2, "memory.max": "max"}, "0::/pod/ab\n", "pod/ab")
    machine(tmp_path, {"cgroup.controllers": "", "memory.max": "3000"}, "0::/pod/ab\n", "pod")
    machine(tmp_path, {"cgroup.controllers": ""}, "0::/pod/ab\n")
    told = read_container(tmp_path)
    assert told is not None
    assert told.memory_limit == 3000


def test_limits_that_are_none(tmp_path: Path) -> None:
    files = V2 | {"memory.max": "max\n", "cpu.max": "max 100000\n", "pids.max": "max\n"}
    told = read_container(machine(tmp_path, files, OWN))
    assert told is not None
    assert (told.memory_limit, told.cpu_limit, told.processes_limit) == (None, None, None)


def test_kernel_that_tells_less(tmp_path: Path) -> None:
    files = {name: V2[name] for name in ("cgroup.controllers", "memory.current")}
    told = read_container(machine(tmp_path, {**files, "cpu.stat": "usage_usec 2500000"}, OWN))
    assert told == ContainerUsage(source="cgroup v2", cpu_seconds=2.5, memory_bytes=1000)


@pytest.mark.parametrize("missing", ["memory.current", "cpu.stat"])
def test_version_2_root_is_the_machines(tmp_path: Path, missing: str) -> None:
    files = {name: text for name, text in V2.items() if name != missing}
    assert read_container(machine(tmp_path, files, OWN)) is None


@pytest.mark.parametrize("below", ["", "docker/ab"], ids=["mounted-in-place", "nested"])
def test_version_1_wherever_it_is_mounted(tmp_path: Path, below: str) -> None:
    for name, text in V1.items():
        controller, _, file = name.partition("/")
        machine(tmp_path, {f"{controller}/{below}/{file}": text}, OWN1)
    told = read_container(tmp_path)
    assert told is not None
    assert told.source == "cgroup v1"
    assert told == ContainerUsage(
        **{name: getattr(TOLD, name) for name in FIGURES}, source=V1_NAME
    )


V1_NAME = "cgroup v1"
FIGURES = [name for name in ContainerUsage.__slots__ if name != "source"]


def test_version_1_with_two_controllers_in_one_mount(tmp_path: Path) -> None:
    files = {f"cpu,cpuacct/{name.partition('/')[2]}": text for name, text in V1.items()}
    files |= {name: text for name, text in V1.items() if name.startswith("memory")}
    told = read_container(machine(tmp_path, files, OWN1))
    assert told is not None
    assert (told.cpu_seconds, told.cpu_limit, told.processes) == (2.5, 1.5, None)


def test_version_1_root_is_the_machines(tmp_path: Path) -> None:
    machine(tmp_path, {**V1, "memory/release_agent": ""}, "4:memory:/\n2:cpu,cpuacct:/\n")
    assert read_container(tmp_path) is None


def test_cpu_controller_that_is_the_machines_tells_no_limit(tmp_path: Path) -> None:
    told = read_container(machine(tmp_path, {**V1, "cpu/release_agent": ""}, OWN1))
    assert told is not None
    assert (told.cpu_limit, told.throttled_seconds, told.memory_limit) == (None, None, 4000)


def test_no_cgroup_at_all(tmp_path: Path) -> None:
    assert read_container(tmp_path) is None
    assert (
        read_container(machine(tmp_path, {"memory/memory.stat": "", "cpuacct/x": ""}, "")) is None
    )
