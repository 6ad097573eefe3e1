"""A deployment in a world that behaves as PID 1, a game, a platform do, in any order."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from agent.core import events as e
from agent.core.effects import (
    AskGame,
    Effect,
    KillGame,
    Leave,
    RestartGame,
    SendSelfStop,
    SignalGame,
)
from agent.core.idle import jittered
from agent.core.lifecycle import deadline, step
from agent.core.options import Options
from agent.core.phases import Mode, Phase, Reason, Report
from agent.core.state import State

from .test_phases import reach
from .world import OPTIONS, VERBS, Crowd, assert_only_shortened, assert_within_the_budget

NEVER = float("inf")
NAMES = ("game", "query")
OPEN = (Phase.READY, Phase.IN_MATCH)
IDLE = (Reason.NOBODY_JOINED, Reason.EVERYBODY_LEFT)
ids = st.sampled_from(["ann", "bob", "cid"])
matches = st.sampled_from(["", "m", "n"])


class Deployment(RuleBasedStateMachine):
    """The core in the middle; around it what PID 1 knows, and our own count of the players."""

    @initialize(options=OPTIONS, on_edgegap=st.booleans(), luck=st.floats(0.0, 1.0))
    def start(self, options: Options, on_edgegap: bool, luck: float) -> None:  # noqa: FBT001 - drawn
        self.options = options
        self.state = self.first = State(boot_id="b", born=0.0, luck=luck)
        self.now = 0.0
        self.record: list[tuple[float, e.Event]] = []
        self.truth = e.Resynced(7, 0.0, None, None, on_edgegap, NAMES)
        self.pid = 7
        self.restarting = False
        self.courier = False
        self.bound: tuple[str, ...] = ()
        self.asked: list[tuple[int | None, str]] = []  # (pid, way)
        self.leaves = 0  # since the last agent start
        self.crowd = Crowd()
        self.line = 0
        self.post(self.truth)

    # What happens.

    @rule(share=st.sampled_from([0.5, 0.99, 1.0, 1.0, 1.0]))
    def time_passes_to_the_deadline(self, share: float) -> None:
        until = deadline(self.state, self.now, self.options)
        if until != NEVER:
            # 0.99 and 0.5 come too early: the core has to compare for itself.
            self.now = until if share == 1.0 else self.now + (until - self.now) * share
            self.post(e.DeadlinePassed())

    @rule(seconds=st.sampled_from([0.01, 1.0, 20.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        """Time passes with the wake-ups that were asked for, as the runtime makes them."""
        end = self.now + seconds
        while (until := deadline(self.state, self.now, self.options)) < end:
            self.now = until
            self.post(e.DeadlinePassed())
        self.now = end

    @rule(seconds=st.sampled_from([700.0, 100_000.0]))
    def time_passes_while_the_machine_sleeps(self, seconds: float) -> None:
        self.now += seconds
        self.post(e.DeadlinePassed())

    @rule()
    def agent_is_replaced(self) -> None:
        self.courier = False
        self.leaves = 0
        self.post(self.truth)

    @precondition(lambda self: self.truth.game_exit is None)
    @rule(status=st.sampled_from([0, 0, 256, 9, 15, 139]))
    def game_exits(self, status: int) -> None:
        self.truth = replace(self.truth, game_exit=status)
        self.post(e.GameExited(status))

    @precondition(lambda self: self.restarting)
    @rule(starts=st.sampled_from([True, True, False]))
    def game_is_started_again(self, starts: bool) -> None:  # noqa: FBT001 - drawn
        self.restarting = False
        if not starts:
            self.post(e.GameNotStarted("no such file"))
            return
        self.pid += 1
        self.bound = ()
        self.crowd = Crowd()
        self.truth = replace(
            self.truth, game_pid=self.pid, game_started_at=self.now, game_exit=None
        )
        self.post(e.GameStarted(self.pid))

    @rule(signum=st.sampled_from([2, 15]), late=st.sampled_from([0.0, 0.0, 3.0]))
    def platform_sends_sigterm(self, signum: int, late: float) -> None:
        at = max(0.0, self.now - late)
        if self.truth.term_at is None:
            self.truth = replace(self.truth, term_at=at)
        self.post(e.TermReceived(signum, at=at))

    @precondition(lambda self: self.truth.game_exit is None)
    @rule(bound=st.sampled_from([(), ("game",), NAMES]))
    def ports_are_looked_at(self, bound: tuple[str, ...]) -> None:
        self.post(e.PortsChecked(bound, tuple(name for name in NAMES if name not in bound)))

    @rule()
    def game_says_ready(self) -> None:
        self.post(e.CallArrived())
        self.post(e.ReadyReported())

    @rule(status=st.sampled_from(["healthy", "healthy", "unhealthy", "loading"]))
    def game_says_how_it_is(self, status: str) -> None:
        self.post(e.HealthReported(status, 90.0))

    @rule(match=matches)
    def match_starts(self, match: str) -> None:
        self.post(e.MatchStarted(match))

    @rule(match=matches)
    def match_ends(self, match: str) -> None:
        self.post(e.MatchEnded(match))

    @rule(names=st.sets(ids), more=st.integers(0, 2))
    def players_are_told(self, names: set[str], more: int) -> None:
        self.crowd.told(names, more)
        self.post(e.PlayersSet(tuple(sorted(names)), len(names) + more))

    @rule(name=ids)
    def player_joins(self, name: str) -> None:
        self.crowd.joined(name)
        self.post(e.PlayerJoined(name))

    @rule(name=ids)
    def player_leaves(self, name: str) -> None:
        self.crowd.left(name)
        self.post(e.PlayerLeft(name))

    @rule(
        source=st.sampled_from(["a2s", "tcp", "traffic"]),
        count=st.sampled_from([None, 0, 0, 0, 2]),
        crowd=st.booleans(),
    )
    def players_are_looked_for(self, source: str, count: int | None, crowd: bool) -> None:  # noqa: FBT001 - drawn
        self.post(e.PlayersCounted(source, count, crowd=crowd and count is None, note="timeout"))

    @rule(source=st.sampled_from(["tcp", "traffic"]))
    def source_is_hushed(self, source: str) -> None:
        self.post(e.SourceHushed(source, "nothing to say"))

    @rule(move=st.sampled_from(["join", "leave"]), name=ids)
    def line_tells_of_a_move(self, move: str, name: str) -> None:
        self.line += 10
        self.post(e.LinesMatched("stdout", self.line, ((move, name),)))

    @rule(seconds=st.sampled_from([10.0, 1000.0]))
    def hold_is_placed(self, seconds: float) -> None:
        self.post(e.HoldPlaced(seconds, "boss"))

    @rule()
    def hold_is_released(self) -> None:
        self.post(e.HoldReleased())

    @rule(by=st.sampled_from(["api", "self_stop"]))
    def stop_is_requested(self, by: str) -> None:
        self.post(e.StopRequested("", by))

    @precondition(lambda self: self.state.stop is not None)
    @rule()
    def logs_are_shipped(self) -> None:
        self.post(e.LogsShipped())

    @precondition(lambda self: self.courier)
    @rule(
        answer=st.sampled_from(
            [e.SelfStopAccepted, e.SelfStopGone, e.SelfStopRejected, e.SelfStopFailed]
        )
    )
    def platform_answers(self, answer: type[e.SelfStopFailed]) -> None:
        self.courier = answer is e.SelfStopFailed
        self.post(answer("detail"))

    # What must hold at each step.

    def post(self, event: e.Event) -> None:
        before, was_due = self.state, deadline(self.state, self.now, self.options) <= self.now
        after, effects = step(before, event, self.now, self.options)
        self.record.append((self.now, event))
        self.state = after
        assert after.phase is before.phase or after.phase in reach(before.phase)
        assert after.revision >= before.revision
        assert deadline(after, self.now, self.options) > self.now
        assert not was_due or after is not before
        assert_only_shortened(before, after)
        self._check_idle(before, after)
        for effect in effects:
            self._perform(effect, before)
        if isinstance(event, VERBS):
            assert step(after, event, self.now, self.options) == (after, ())

    def _check_idle(self, before: State, after: State) -> None:
        """An occupied server is never stopped as idle, nor is an unknown one."""
        if before.stop is None and after.stop is not None and after.stop.reason in IDLE:
            assert after.players.count == 0
            assert after.players.believed.is_known
            assert not self.crowd.there
            assert not self.crowd.more
            hold = before.hold
            assert hold is None or after.hold is None or self.now >= hold.until

    def _perform(self, effect: Effect, before: State) -> None:
        match effect:
            case SignalGame():
                self._ask("signal")
            case AskGame(way=way):
                self._ask(way)
            case RestartGame():
                assert before.stop is None
                assert self.truth.game_exit is not None
                self.restarting = True
            case KillGame():
                assert self.truth.game_exit is None
            case SendSelfStop():
                assert self.truth.on_edgegap
                assert self.truth.term_at is None
                assert self.state.phase is Phase.STOPPED
                assert self.state.stop is not None
                assert self.state.stop.ours
                self.courier = True
            case Leave():
                self.leaves += 1
            case _:
                pass

    def _ask(self, way: str) -> None:
        life = (self.truth.game_pid, way)
        assert self.truth.game_exit is None
        assert life not in self.asked
        self.asked.append(life)

    # What must hold all the time.

    @invariant()
    def one_leave_an_agent_at_most(self) -> None:
        assert self.leaves <= 1
        assert (self.state.left is None) == (self.leaves == 0)

    @invariant()
    def no_stage_lies_past_the_budget(self) -> None:
        assert_within_the_budget(self.state, self.options)

    @invariant()
    def no_game_is_restarted_once_there_is_a_stop(self) -> None:
        if self.state.stop is not None and self.state.phase is Phase.STOPPED:
            assert not self.state.game.is_running or self.state.game.killed

    @invariant()
    def nothing_is_owed_where_nobody_can_be_told(self) -> None:
        if not self.truth.on_edgegap:
            assert self.state.owed.report is Report.NOT_OWED

    @invariant()
    def empty_server_is_stopped_in_time(self) -> None:
        state, options = self.state, self.options
        is_ours = self.truth.on_edgegap or options.mode_given
        if state.phase not in OPEN or options.mode is Mode.OBSERVE or not is_ours:
            return
        if state.players.count != 0:
            return
        limit = options.everybody_left if state.players.ever else options.nobody_joined
        since = max(state.players.empty_since or 0.0, state.ready_at or 0.0)
        held = state.hold.until if state.hold else 0.0
        due = max(since + jittered(limit, state.luck), held)
        assert not limit or self.now < due or deadline(state, self.now, options) <= self.now

    @invariant()
    def players_are_those_that_were_told(self) -> None:
        crowd, is_over = self.crowd, self.state.left is not None
        if crowd.there is not None and not is_over and self.truth.game_exit is None:
            assert set(self.state.players.ids) == crowd.there
            assert self.state.players.unnamed == crowd.more

    def teardown(self) -> None:
        """A successor that replays the record knows what its predecessor knew."""
        state = getattr(self, "first", None)
        if state is None:
            return
        for now, event in self.record:
            state, _ = step(state, event, now, self.options)
        assert state == self.state


TestDeployment = Deployment.TestCase
TestDeployment.settings = settings(max_examples=200, stateful_step_count=40)
