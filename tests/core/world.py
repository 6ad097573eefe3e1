"""What the lifecycle machine draws, what it counts for itself."""

from dataclasses import dataclass

from hypothesis import strategies as st

from agent.core import events as e
from agent.core.options import Options
from agent.core.phases import Mode, Phase, Policy, Reason
from agent.core.state import State

TINY = 1e-6

VERBS = (
    e.ReadyReported,
    e.MatchStarted,
    e.MatchEnded,
    e.PlayersSet,
    e.PlayerJoined,
    e.PlayerLeft,
    e.HoldPlaced,
    e.HoldReleased,
    e.CallArrived,
)
OPTIONS = st.builds(
    Options,
    ready_when=st.sampled_from(["auto", "api"]),
    players=st.sampled_from(["auto", "api", "log"]),
    start_timeout=st.sampled_from([0.0, 120.0]),
    nobody_joined=st.sampled_from([0.0, 300.0]),
    everybody_left=st.sampled_from([0.0, 120.0]),
    max_duration=st.sampled_from([0.0, 3600.0]),
    on_match_end=st.sampled_from(["stop", "ready"]),
    on_game_exit=st.sampled_from(Policy),
    on_game_crash=st.sampled_from(Policy),
    on_unhealthy=st.sampled_from(Policy),
    stop_timeout=st.sampled_from([1.0, 20.0, 60.0]),
    drain=st.sampled_from([0.0, 15.0]),
    stop_by=st.sampled_from(
        [
            (("signal", 0.0),),
            (("file", 2.0), ("stdin", 9.0), ("signal", 0.0)),
            (("signal", 5.0), ("stdin", 5.0)),
        ]
    ),
    grace=st.sampled_from([1.0, 5.0, 30.0]),
    stop_wait=st.sampled_from([90.0, 900.0]),
    after_stop_wait=st.sampled_from(["stay", "exit"]),
    mode=st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.OBSERVE]),
    mode_given=st.booleans(),
    status_period=st.sampled_from([0.0, 60.0]),
)


@dataclass
class Crowd:
    """Our own count of the players, to compare the core's with.

    Attributes:
        there: those known by name, None where nobody has said.
        more: how many are known by number only.
    """

    there: set[str] | None = None
    more: int = 0

    def told(self, there: set[str], more: int) -> None:
        """Take who is there now."""
        self.there, self.more = there, more

    def joined(self, name: str) -> None:
        """Take one more."""
        self.there = (self.there or set()) | {name}

    def left(self, name: str) -> None:
        """Take one less."""
        self.there = (self.there or set()) - {name}


def assert_only_shortened(before: State, after: State) -> None:
    """Check that a stop is never taken back, never moved later."""
    if before.stop is None or after.stop is None:
        assert before.stop is None
        return
    assert after.stop.reason is before.stop.reason
    assert after.stop.kill_at <= before.stop.kill_at
    assert after.stop.end_at <= before.stop.end_at
    assert after.stop.drain_until <= before.stop.drain_until
    for (_, at), (_, sooner) in zip(before.stop.asks, after.stop.asks, strict=True):
        assert sooner <= at + TINY


def assert_within_the_budget(state: State, options: Options) -> None:
    """Check that no stage of a stop lies past the next one, nor past the grace."""
    stop = state.stop
    if stop is None:
        return
    by_platform = stop.reason is Reason.PLATFORM_SIGTERM
    whole = options.grace if by_platform else options.stop_timeout
    assert by_platform or stop.drain_until <= stop.begun_at + whole / 4 + TINY
    assert all(at <= stop.kill_at for _, at in stop.asks[stop.asked :])
    assert stop.drain_until <= stop.kill_at <= stop.end_at + TINY
    assert stop.end_at <= stop.begun_at + whole
    if state.term_at is not None and state.phase is not Phase.STOPPED:
        assert stop.end_at <= state.term_at + options.grace
