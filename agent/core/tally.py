"""What has happened how often in the life of the container."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts that only grow; they outlive the agent that counted.

    Attributes:
        game_restarts: times that another game was started in the place of one.
        game_crashes: ends of the game that nobody had asked for, and that were no success.
        source_failures: times that a source of players began to fail, by its name.
        self_stops: answers to the self-stop by outcome, attempts without one as "failed".
    """

    game_restarts: int = 0
    game_crashes: int = 0
    self_stops: Mapping[str, int] = field(default_factory=dict)
    source_failures: Mapping[str, int] = field(default_factory=dict)

    def answered(self, outcome: str) -> "Tally":
        """Return the same with one more answer of the platform."""
        return replace(self, self_stops=_plus_one(self.self_stops, outcome))

    def source_failed(self, source: str) -> "Tally":
        """Return the same with one more source that has begun to fail."""
        return replace(self, source_failures=_plus_one(self.source_failures, source))


def _plus_one(counts: Mapping[str, int], name: str) -> dict[str, int]:
    return {**counts, name: counts.get(name, 0) + 1}
