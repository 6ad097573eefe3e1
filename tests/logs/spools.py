"""A spool that a test fills as the pump would, the labels of its life."""

from pathlib import Path

from agent.logs.parcel import SESSION
from agent.logs.volume import Volume, open_volume
from agent.pid1.segments import Place
from agent.pid1.spool import Spool

LABELS = {SESSION: "abc-1"}
MIB = 1 << 20


class Filled:
    """A spool in a folder of its own."""

    def __init__(self, parent: Path, limit: int = MIB, name: str = "arbitrium-agent-1") -> None:
        self.folder = parent / name
        self.folder.mkdir(parents=True)
        self.spool = Spool(Place(str(self.folder), limit), MIB, 30.0)

    def write(self, data: bytes, source: str = "stdout", *, seal: bool = False) -> None:
        self.spool.stream(source).append(memoryview(data))
        if seal:
            self.spool.seal(source)

    def volume(self, *sinks: str) -> Volume:
        return open_volume(self.folder, LABELS, 10**18, sinks)
