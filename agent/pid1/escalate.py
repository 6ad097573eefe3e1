"""The deadlines of a stop, kept here so that a hung agent cannot eat the grace."""

from ..core import budget

NEVER = float("inf")
_MARGIN_SECONDS = 0.25  # how much later than the agent we act, while it answers


class Escalation:
    """When the game is signalled, when it is killed, when we are gone; absolute boot-time seconds.

    Two requests may be on at once, ours and the platform's: the earlier deadline wins, so
    that a later request can only shorten.

    Attributes:
        term_at: when the first SIGTERM or SIGINT came.
        term_signum: which of the two.
        report: the platform has to be told of a stop of our own.
    """

    def __init__(self, grace: float, stop_signal: int) -> None:
        self.grace = grace
        self.signum = stop_signal
        self.after = 0.0
        self.term_at: float | None = None
        self.term_signum = 0
        self.report = False
        self.signal_at = NEVER
        self.kill_at = NEVER
        self.end_at = NEVER
        self._own_signal_at = NEVER

    @property
    def is_on(self) -> bool:
        """Whether a stop is on, whoever asked for it."""
        return self.kill_at != NEVER

    def plan(self, signum: int, after: float) -> None:
        """Take the agent's plan for a SIGTERM: *signum*, *after* seconds later."""
        self.signum = signum
        self.after = max(0.0, after)

    def term(self, signum: int, now: float) -> bool:
        """Take the platform's request; the first one fixes the deadlines. Return if it was."""
        if self.term_at is not None:
            return False
        # The end of a reported stop is about the report: what is left to ship has the grace.
        own_end = NEVER if self.report else self.end_at
        self.term_at = now
        self.term_signum = signum
        self.report = False  # it is ending us: there is nobody left to tell
        self.signal_at = now + self.after
        self.kill_at = min(self.kill_at, budget.kill_at(now, self.grace))
        self.end_at = min(own_end, budget.end_at(now, self.grace))
        return True

    def order(self, *, signal_at: float, kill_at: float, end_at: float, report: bool) -> None:
        """Take the agent's deadlines of a stop of our own."""
        self._own_signal_at = min(self._own_signal_at, signal_at)
        self.kill_at = min(self.kill_at, kill_at)
        self.end_at = min(self.end_at, end_at)
        self.report = report and self.term_at is None

    def hurry(self, now: float, *, signalled: bool, killed: bool) -> None:
        """Take a second Ctrl-C: the step that comes next is due at once."""
        if not signalled:
            self.signal_at = min(self.signal_at, now)
        elif not killed:
            self.kill_at = min(self.kill_at, now - _MARGIN_SECONDS)
        else:
            self.end_at = min(self.end_at, now)

    def signal_due(self, *, alone: bool) -> float:
        """Return when we signal the game by ourselves; *alone* = no agent answers.

        Nobody takes the softer steps of a plan without an agent, so a SIGTERM goes out at once.
        """
        term = self.term_at if alone and self.term_at is not None else self.signal_at
        return min(term, self._own_signal_at + self._margin(alone=alone))

    def kill_due(self, *, alone: bool) -> float:
        """Return when we kill the game by ourselves."""
        return self.kill_at + self._margin(alone=alone)

    def end_due(self, *, alone: bool) -> float:
        """Return when we leave whatever happens; never while the platform has to be told."""
        if self.report:
            return NEVER
        return self.end_at if self.term_at is not None else self.end_at + self._margin(alone=alone)

    @staticmethod
    def _margin(*, alone: bool) -> float:
        return 0.0 if alone else _MARGIN_SECONDS
