"""A folder with a game's logs, the spool that they are copied to."""

import os
from pathlib import Path

from agent import clock
from agent.logs.gamefiles import GameFiles
from agent.logs.spoolreader import SpoolReader
from agent.logs.wanted import wanted
from agent.pid1.segments import Place

BORN = 1_000_000.0
MIB = 1 << 20


class Logged:
    """A game's folder; time passes when a test says so."""

    def __init__(self, parent: Path, *items: str, limit: int = 64 * MIB, keeps: bool = True):
        self.game = parent / "game"
        self.spool = parent / "spool"
        self.game.mkdir()
        self.spool.mkdir()
        self.limit = limit
        self.keeps = keeps
        self.reader: int | None = None
        self.items = items or ("*.log",)
        self.now = 100.0
        self.files = self.opened()

    def opened(self) -> GameFiles:
        """Return what a new agent begins with, the one before may have been killed."""
        return GameFiles(
            wanted(self.items, "plain", str(self.game), ""),
            Place(str(self.spool), self.limit),
            since=BORN,
            keeps=self.keeps,
            reader=self.reader,
        )

    def restart(self) -> None:
        self.files = self.opened()

    def write(self, data: bytes, name: str = "Game.log", mtime: float | None = None) -> None:
        with (self.game / name).open("ab") as file:
            file.write(data)
        if mtime is not None:
            os.utime(self.game / name, (mtime, mtime))

    def rename(self, old: str, new: str) -> None:
        (self.game / old).rename(self.game / new)

    def look(self, seconds: float = 1.0, *, final: bool = False) -> None:
        """Let time pass, look until nothing more is there."""
        self.now += seconds
        while self.files.look(self.now, clock.wall(), final=final):
            pass

    def read(self, source: str = "file:Game.log") -> bytes:
        """Return what was copied of one log."""
        reader = SpoolReader(self.spool)
        pieces = [piece for piece in reader.pieces() if piece.source == source]
        return b"".join(reader.read(piece, piece.start, piece.end) for piece in pieces)

    def sources(self) -> set[str]:
        return {piece.source for piece in SpoolReader(self.spool).pieces()}
