"""The image of Dockerfile.example, in every kind of container that an orchestrator makes."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.tools import need
from tests.waiting import until

from .podman import Podman

KINDS = {
    "read-only": ("--read-only", "--read-only-tmpfs=false"),
    "no capability": ("--cap-drop", "ALL"),
    "uid 1000": ("--user", "1000"),
    "root": ("--user", "0"),
    "another user for the game": ("--user", "0", "-e", "AGENT_GAME_USER=1000:1000"),
    "behind an init": ("--init",),
    "no new privileges": ("--security-opt", "no-new-privileges"),
    "few processes": ("--pids-limit", "32"),
    "a quarter of a core": ("--cpus", "0.25", "-m", "256m"),
    "no /tmp": ("--mount", "type=tmpfs,destination=/tmp,ro", "--mount",
                "type=tmpfs,destination=/var/tmp,ro"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_game_plays_and_saves(kind: str, podman: Podman, image: str) -> None:
    with podman.container(image, options=KINDS[kind]) as container:
        container.wrote("serving the game at")
        assert container.stop() == 0
        said = container.logs
        assert "game: first line" in said
        lines = [int(each) for each in re.findall(r"^line (\d+)$", said, re.MULTILINE)]
        assert lines == list(range(1, len(lines) + 1))
        assert "saved" in said


def test_killed_container_says_so(podman: Podman, image: str) -> None:
    with podman.container(image) as container:
        container.wrote("line 1\n")
        assert container.kill() == 137


def test_term_before_the_agent_serves_reaches_the_game(podman: Podman, image: str) -> None:
    with podman.container(image, options=("--cpus", "0.25")) as container:
        container.wrote("game: first line")
        assert container.stop() == 0
        assert "saved" in container.logs


def test_agent_dies_first_where_memory_runs_out(podman: Podman, image: str) -> None:
    """A game of many processes, no one of them as large as the agent: the match goes on."""
    words = (image, "/game/server", "crowd", "10", "9")
    with podman.container(*words, options=("-m", "110m", "--memory-swap", "110m")) as container:
        container.wrote("line 20\n")
        before = len(container.logs)
        until(lambda: len(container.logs) > before + 100, 60, "more lines")
        assert "the game ended" not in container.logs
        assert container.stop() in {0, 137}
        assert "saved" in container.logs


def test_docker_command_line_sees_the_same(podman: Podman, image: str, tmp_path: Path) -> None:
    docker = need("docker", package="docker.io")
    address = f"unix://{tmp_path}/podman.sock"
    service = subprocess.Popen([*podman.command, "system", "service", "--time=0", address])
    environ = {**os.environ, "DOCKER_HOST": address}

    def call(*words: str) -> str:
        done = subprocess.run(
            [docker, *words], env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    try:
        until((tmp_path / "podman.sock").exists, 60, "podman's socket")
        limits = ("--ulimit", "nofile=10000:10000", "--ulimit", "nproc=4096:4096")
        name = call("run", "-d", "--network", "none", *limits, image).splitlines()[-1]
        until(lambda: "game: first line" in call("logs", name), 60, "the game")
        call("stop", "-t", "20", name)
        assert call("inspect", "-f", "{{.State.ExitCode}}", name) == "0"
        call("rm", "-f", name)
    finally:
        service.terminate()
        service.wait(30)
