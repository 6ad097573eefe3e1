"""What has happened how often in the life of the container."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts that only grow; they outlive the agent that counted.

    Attributes:
        game_restarts: times that another game was started in the place of one.
        game_crashes: ends of the game that nobody had asked for, and that were no success.
        self_stops: answers to the self-stop by outcome, attempts without one as "failed".
    """

    game_restarts: int = 0
    game_crashes: int = 0
    self_stops: Mapping[str, int] = field(default_factory=dict)

    def answered(self, outcome: str) -> "Tally":
        """Return the same with one more answer of the platform."""
        count = self.self_stops.get(outcome, 0) + 1
        return replace(self, self_stops={**self.self_stops, outcome: count})
