"""One deployment on this machine: ``arbitrium-agent local -- COMMAND``."""

import argparse
import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from agent import errors

from . import faults, image, manifest
from .deployment import Deployment
from .ledger import Record, Status
from .manifest import Manifest
from .platform import Platform
from .telling import line, sentence
from .timeline import Lane, Look, Timeline
from .version import Version

_MANIFEST = Path("edgegap.toml")
_NOT_OURS = ("ARBITRIUM_", "MM_")  # a platform around this one is not the game's
_ELSEWHERE = "arbitrium-agent local runs on Linux. Here, run the game's image on Docker Desktop:"


def run(asked: argparse.Namespace) -> int:
    """Run one deployment to its end.

    Returns:
        the container's exit status, 1 where there was none, 130 after a second Ctrl-C, 69 where
        this is no Linux.

    Raises:
        SettingsError: the words or the file cannot be used.
    """
    wanted = find(asked)
    if sys.platform != "linux":
        sys.stderr.write(f"{_ELSEWHERE}\n")
        sys.stdout.write(f"{docker_line(wanted)}\n")
        return os.EX_UNAVAILABLE
    session = Session(Timeline(sys.stdout, look(sys.stdout.isatty(), in_json=asked.json)))
    version = order(wanted, asked, session.line)
    return asyncio.run(session.run(version, asked))


def find(asked: argparse.Namespace) -> Manifest:
    """Return what is to be deployed: the file's words, the command line's above them.

    Raises:
        SettingsError: there is no command, or the file cannot be used.
    """
    path = Path(asked.file) if asked.file else _MANIFEST
    found = manifest.read(path) if has_file(asked) else _default()
    if asked.command:
        found.document.command[:] = asked.command
    if not found.document.command:
        raise errors.SettingsError(
            "cannot deploy: there is no command; write `arbitrium-agent local -- ./MyServer`, or "
            f"`command = […]` in {_MANIFEST}"
        )
    return found


def has_file(asked: argparse.Namespace) -> bool:
    """Return whether a file says what the app version is."""
    return bool(asked.file) or _MANIFEST.exists()


def order(
    wanted: Manifest, asked: argparse.Namespace, on_line: Callable[[str, str], None] | None = None
) -> Version:
    """Return the version to deploy."""
    matchmaker = manifest.read_match(Path(asked.match)) if asked.match else wanted.matchmaker
    ours = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_OURS)}
    path = f"{image.search_path()}:{os.environ.get('PATH', '')}"
    return Version(
        command=image.behind_entrypoint(*wanted.document.command),
        env={**ours, "PATH": path, **wanted.envs},
        matchmaker=matchmaker,
        ports=wanted.ports(dict(asked.external)),
        tags=wanted.document.tags,
        grace=wanted.grace,
        restart_policy=wanted.policy,
        max_duration=wanted.max_duration,
        faults=faults.parse(asked.fault) if asked.fault else (),
        listen=asked.listen,
        delay=asked.delay,
        cwd=Path.cwd(),
        on_line=on_line,
    )


def docker_line(wanted: Manifest) -> str:
    """Return the line that does the same in the game's image, where this is no Linux."""
    ports = wanted.document.ports.items()
    published = [f"-p {p.port}:{p.port}{'/udp' if p.protocol == 'UDP' else ''}" for _, p in ports]
    external = [f"--external {name}={port.port}" for name, port in ports]
    words = [
        *("docker run --rm -it -p 8000:8000", *published, "--entrypoint arbitrium-agent"),
        wanted.document.image or "mygame:dev",
        *("local --listen 0.0.0.0", *external, "--", shlex.join(wanted.document.command)),
    ]
    return " ".join(words)


def look(is_tty: bool, *, in_json: bool) -> Look:  # noqa: FBT001 - a fact, not a flag
    """Return how lines are written: colours are for terminals that want them."""
    if in_json:
        return Look.JSON
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not is_tty
    return Look.PLAIN if plain else Look.COLOURED


def _default() -> Manifest:
    return manifest.checked(manifest.Document())


class Session:
    """A deployment with somebody who looks on, and may end it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._interrupts = 0

    def line(self, stream: str, text: str) -> None:
        """Show a line of output."""
        self._timeline.add(*line(stream, text))

    def record(self, record: Record) -> None:
        """Show what the platform did."""
        if text := sentence(record):
            self._timeline.add(Lane.PLATFORM, text, at=record.at)

    async def run(self, version: Version, asked: argparse.Namespace) -> int:
        """Run a deployment to its end; return the exit status."""
        async with Platform(
            on_record=self.record, listen=asked.listen, port=asked.api_port, state=asked.state
        ) as platform:
            self._say(f"API at {platform.origin}, Authorization: token {platform.api_token}")
            self._say(f"page at {platform.origin}/{platform.page.query}")
            deployment = await platform.deploy(version)
            for port in deployment.ports:
                where = f"{asked.listen}:{port.external}"
                inside = "" if port.external == port.internal else f", inside {port.internal}"
                self._say(f"{port.name}: connect to {where} by {port.protocol}{inside}")
            await self._watch(deployment)
        if self._interrupts > 1:
            return 128 + signal.SIGINT
        if deployment.status is not Status.TERMINATED or deployment.exit_status is None:
            return 1
        return deployment.exit_status

    async def _watch(self, deployment: Deployment) -> None:
        """Wait for the end; a signal asks for it, the next one does not wait any more."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, self._interrupt, deployment)
        await deployment.terminated()

    def _interrupt(self, deployment: Deployment) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            grace = deployment.version.grace
            self._say(f"stopping as the platform would: SIGTERM, {grace:g} s; again to kill")
            deployment.stop()
        else:
            deployment.life.abandon()

    def _say(self, text: str) -> None:
        self._timeline.add(Lane.PLATFORM, text)
