"""What happened, as lines in three lanes."""

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TextIO

from agent import clock


class Lane(Enum):
    """Whose doing a line is."""

    PLATFORM = "platform"
    AGENT = "agent"
    GAME = "game"


class Look(Enum):
    """How the lines are written."""

    PLAIN = "plain"
    COLOURED = "coloured"
    JSON = "json"


_COLOURS = {Lane.PLATFORM: "34", Lane.AGENT: "35", Lane.GAME: "32"}
_BOLD, _DIM, _END = "\033[1m", "\033[2m", "\033[0m"


class Notes(Protocol):
    """Where what happened is taken down."""

    def add(self, lane: Lane, text: str, step: str = "", at: float | None = None) -> None:
        """Take down one thing: whose doing it is, which expected step, when."""
        ...


@dataclass(slots=True)
class Timeline:
    """The lines as they come; times are relative to the first moment."""

    out: TextIO
    look: Look
    begun_at: float = field(default_factory=clock.now)

    def add(self, lane: Lane, text: str, step: str = "", at: float | None = None) -> None:
        """Write one line.

        Args:
            lane: whose doing it is.
            text: what happened.
            step: the expected step that this is, if it is one.
            at: when, in boot-time seconds; None is now.
        """
        seconds = (clock.now() if at is None else at) - self.begun_at
        match self.look:
            case Look.JSON:
                entry = {"seconds": round(seconds, 3), "lane": lane.value, "text": text}
                self._write(json.dumps({**entry, "step": step or None}))
            case Look.PLAIN:
                self._write(f"{seconds:8.3f} s  {lane.value:<8} | {text}")
            case Look.COLOURED:
                name = f"\033[{_COLOURS[lane]}m{lane.value:<8} |{_END}"
                shown = f"{_BOLD}{text}{_END}" if step else text
                self._write(f"{_DIM}{seconds:8.3f} s{_END}  {name} {shown}")

    def close(self, seen: int, missing: list[str]) -> None:
        """Write the verdict."""
        seconds = clock.now() - self.begun_at
        if self.look is Look.JSON:
            verdict = {"ok": not missing, "steps_seen": seen, "missing": missing}
            self._write(json.dumps({"seconds": round(seconds, 3), **verdict}))
        elif missing:
            self._write("Not seen:" + "".join(f"\n  - {title}" for title in missing))
        else:
            self._write(f"All {seen} steps seen in {seconds:.1f} s.")

    def _write(self, line: str) -> None:
        self.out.write(line + "\n")
        self.out.flush()
