"""A game that writes, its container, the store that its lines go to."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.local.deployment import Deployment
from agent.local.ledger import ContainerExited, SignalSent
from agent.local.platform import Platform
from agent.logs.spoolreader import SpoolReader
from tests import measured
from tests.e2e.inside import ROOT, version
from tests.fakes.shelf import Shelf

MIB = 1 << 20


@dataclass
class Scene:
    """Where things are in one test."""

    folder: Path
    host: str
    shelf: Shelf
    query: str = ""
    sink: str = ""  # instead of the shelf
    around: tuple[str, ...] = ()  # a command that becomes the entrypoint

    @property
    def copy(self) -> bytes:
        """What the game has written to its stdout."""
        return (self.folder / "copy").read_bytes()

    async def begin(
        self,
        platform: Platform,
        *,
        backlog: int,
        grace: float,
        env: dict[str, str] | None = None,
        **more: Any,
    ) -> Deployment:
        """Deploy the game, wait until it has written its backlog."""
        sink = (
            self.sink or f"s3://key:secret-key@bucket/logs?endpoint=http://{self.host}{self.query}"
        )
        made = version(
            "scribe.py",
            env={
                "AGENT_LOG_SINK": sink,
                "AGENT_SPOOL_DIR": str(self.folder / "spool"),
                "SCRIBE_COPY": str(self.folder / "copy"),
                "SCRIBE_BYTES": str(backlog),
                **(env or {}),
            },
            grace=grace,
            **more,
        )
        # PID 1 is not measured here: at a tenth of its pace it can't pass 40 MB on in the grace.
        command = (*self.around, str(ROOT / "entrypoint.sh"), *made.command[1:])
        plain = dict.fromkeys(measured.measured())
        deployment = await platform.deploy(
            replace(made, command=command, env={**made.env, **plain})
        )
        await deployment.wrote("written")
        await deployment.wrote("serving the game at")
        return deployment

    def spool(self, source: str = "stdout") -> dict[int, bytes]:
        """Return what is left in the spool, by offset."""
        found = {}
        for folder in (self.folder / "spool").glob("arbitrium-agent-*"):
            reader = SpoolReader(folder)
            for piece in reader.pieces():
                if piece.source == source:
                    found[piece.start] = reader.read(piece, piece.start, piece.end)
        return found

    def assert_nothing_is_lost(self, deployment: Deployment) -> None:
        """Compare the game's bytes with the container's, with the store's and the spool's."""
        copy = self.copy
        assert deployment.stdout == copy
        whole, at = b"", 0
        pieces = {**self.spool(), **self.shelf.spans("stdout")}
        for start, text in sorted(pieces.items()):
            assert start == at
            whole += text
            at += len(text)
        assert whole == copy

    def assert_tail_is_there(self) -> None:
        """Check that the last line is in the store."""
        assert any(text.endswith(self.copy[-100:]) for text in self.shelf.spans("stdout").values())


def seconds_to_exit(deployment: Deployment) -> float:
    """Return the time from SIGTERM to the container's end, which the platform did not force."""
    sent = [r for r in deployment.records if isinstance(r, SignalSent)]
    (left,) = [r for r in deployment.records if isinstance(r, ContainerExited)]
    return left.at - sent[0].at
