"""Dockerfile.example makes an image that runs, as far as that shows without an engine."""

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from agent.local.platform import Platform
from agent.local.version import Port, RestartPolicy, Version

from .dockerfile import Stage, read, replay
from .inside import ROOT

pytestmark = pytest.mark.timeout(400)  # packages are installed: ten times that of an idle machine
UNCHECKED = b"\1\0\0\0"  # PEP 552: the pyc's flags say "by hash, never looked at"
BASE_BIN = Path(sys.base_prefix) / "bin"
PATH = f"{BASE_BIN}:/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    return read(ROOT / "Dockerfile.example")


@pytest.fixture(scope="module")
def image(stages: list[Stage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last stage's files, after the first stage was really built, once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "image"
    with (shared / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "last").exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            (folder / "agent").mkdir(parents=True)
            replay(stages[0], ROOT, folder / "agent", PATH)
            (folder / "last").mkdir()
            replay(stages[1], ROOT, folder / "last", PATH, runs=False)
    return folder / "last"


def test_both_stages_have_the_same_python(stages: list[Stage]) -> None:
    agent, last = stages
    assert agent.name == "agent"
    assert agent.base == last.base == "python:3.12-slim"


def test_game_runs_as_nobody_special_with_the_agent_in_front(stages: list[Stage]) -> None:
    last = stages[-1]
    assert last.of("USER")[-1].text not in {"root", "0"}
    assert last.of("STOPSIGNAL")[-1].text == "SIGTERM"
    assert last.of("ENTRYPOINT")[-1].words == ["/opt/agent/entrypoint.sh"]
    assert last.of("ENTRYPOINT")[-1].text.startswith("[")
    assert last.of("CMD")[-1].text.startswith("[")


@pytest.mark.parametrize("at", [0, 1])
def test_shell_can_read_every_run(stages: list[Stage], at: int) -> None:
    for step in stages[at].of("RUN"):
        subprocess.run(["/bin/sh", "-nc", step.text], check=True)


def test_standard_library_compiles_without_its_tests(tmp_path: Path) -> None:
    """The image's RUN fails on the first file that does not: the tests' are broken on purpose."""
    stdlib = sysconfig.get_path("stdlib")
    left_out = ("test", "tests", "idle_test", "site-packages", "dist-packages", "*.so", "*.pyc")
    skipped = shutil.ignore_patterns(*left_out)
    shutil.copytree(stdlib, tmp_path / "lib", ignore=skipped)
    words = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([sys.executable, *words, str(tmp_path / "lib")], check=True)


def test_bytecode_is_there_and_never_looked_at_again(image: Path) -> None:
    tag = sys.implementation.cache_tag
    sources = list((image / "opt/agent/agent").rglob("*.py"))
    assert len(sources) > 40
    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        assert compiled.read_bytes()[4:8] == UNCHECKED, compiled


def test_nothing_that_only_the_build_needs_is_left(image: Path) -> None:
    packages = next(image.glob("opt/agent/lib/python3*/site-packages"))
    found = {path.name for path in packages.iterdir()}
    assert "aiohttp" in found
    assert not found & {"pip", "setuptools", "pytest"}


async def test_game_of_the_image_plays_until_it_is_stopped(
    image: Path, stages: list[Stage]
) -> None:
    last = stages[-1]
    entrypoint, *game = [*last.of("ENTRYPOINT")[-1].words, *last.of("CMD")[-1].words]
    version = Version(
        command=[f"{image}{entrypoint}", game[0], *(f"{image}{word}" for word in game[1:])],
        env={
            "PATH": PATH,
            "AGENT_PORT": "0",
            "TMPDIR": str(image),
            "AGENT_GRACE": "30s",
            "AGENT_READY_WHEN": "api",
        },
        ports=(Port(internal=0),),
        grace=30.0,
        restart_policy=RestartPolicy.NEVER,
    )
    async with Platform() as platform:
        deployment = await platform.deploy(version)
        await deployment.wrote("phase starting → ready")
        shown = await asyncio.create_subprocess_exec(
            f"{image.parent}/agent/opt/agent/bin/arbitrium-agent",
            *("status", "--json"),  # as docker exec would: the port is told by the agent alone
            env={"TMPDIR": str(image)},
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await shown.communicate()
        assert json.loads(told)["ready_by"] == "api"
        deployment.stop()
        await deployment.terminated()
    assert b"world saved" in deployment.stdout
    assert deployment.exit_status == 0


def test_instruction_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\nRUNN x\n")
    with pytest.raises(ValueError, match="RUNN"):
        read(tmp_path / "Dockerfile")
