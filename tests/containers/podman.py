"""Containers by podman and runc, with a storage of their own."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import until

# Without CAP_SYS_RESOURCE runc can't raise these, which it would do unasked.
LIMITS = ("--ulimit", "nofile=10000:10000", "--ulimit", "nproc=4096:4096")
SECONDS = 60.0  # a guard against hanging, never a measure


class Container:
    """One that runs, or did."""

    def __init__(self, podman: "Podman", name: str) -> None:
        self._podman = podman
        self.name = name

    @property
    def logs(self) -> str:
        """What it has written to both of its streams."""
        return self._podman.call("logs", self.name, both=True)

    def wrote(self, text: str) -> str:
        """Wait until it has written *text*; return all that it wrote."""
        try:
            return until(lambda: self.logs if text in self.logs else "", SECONDS, repr(text))
        except TimeoutError as error:
            raise AssertionError(f"{error}:\n{self.logs}") from error

    def stop(self, grace: int = 20) -> int:
        """Stop it as an orchestrator does; return its exit status."""
        self._podman.call("stop", "-t", str(grace), self.name)
        return self.exit_status

    def kill(self, signal: str = "KILL") -> int:
        """Signal its first process; wait for its end."""
        self._podman.call("kill", "-s", signal, self.name)
        return self.waited()

    def waited(self) -> int:
        """Wait for its end; return its exit status."""
        return int(self._podman.call("wait", self.name).split()[-1])

    @property
    def exit_status(self) -> int:
        """The status of its first process."""
        told = json.loads(self._podman.call("inspect", self.name))
        return int(told[0]["State"]["ExitCode"])

    def run(self, *command: str) -> str:
        """Run a command beside it; return what it wrote."""
        return self._podman.call("exec", self.name, *command)


class Podman:
    """The engine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = 0

    @property
    def command(self) -> list[str]:
        """The words in front of every command."""
        return [
            *("podman", "--cgroup-manager=cgroupfs", "--runtime", "runc", "--log-level", "error"),
            *("--root", str(self._folder / "storage"), "--runroot", str(self._folder / "run")),
        ]

    def call(self, *words: str, both: bool = False) -> str:
        """Run one command; return its output.

        Raises:
            AssertionError: it failed.
        """
        done = subprocess.run(
            [*self.command, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if both else subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=SECONDS * 3,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"podman {' '.join(words)}: {done.stdout}{done.stderr or ''}")
        return done.stdout

    def close(self) -> None:
        """Take the storage off, which would keep its folder from being removed."""
        overlay = self._folder / "storage" / "overlay"
        subprocess.run(["umount", "--recursive", overlay], capture_output=True, check=False)

    @contextmanager
    def container(self, *words: str, options: tuple[str, ...] = ()) -> Iterator[Container]:
        """Start a container of an image, or of ``--rootfs``; take it away afterwards."""
        self._names += 1
        name = f"test-{os.getpid()}-{self._names}"
        fixed = ("--detach", "--name", name, "--network", "none", *LIMITS)
        self.call("run", *fixed, *options, *words)
        try:
            yield Container(self, name)
        finally:
            self.call("rm", "--force", "--time", "0", name)
