"""An occupied or unknown server is never stopped as idle; an empty one always is in time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core import events as e
from agent.core.idle import jittered
from agent.core.options import Options
from agent.core.phases import Reason
from agent.core.sources import Trust
from agent.core.state import State

from .life import GAME, READY, TICK, Life

OPTIONS = Options(start_timeout=0.0, max_duration=0.0)
IDLE = (Reason.NOBODY_JOINED, Reason.EVERYBODY_LEFT)
STATED = (Trust.API, Trust.LOG)

names = st.sampled_from(["ann", "bob"])
steps = st.one_of(
    st.tuples(st.just("joins"), names),
    st.tuples(st.just("leaves"), names),
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("failed look"), st.none()),
    st.tuples(st.just("lie"), st.tuples(st.integers(0, 4), st.sampled_from([None, 0, 3]))),
    st.tuples(st.just("hold"), st.sampled_from([5.0, 400.0])),
    st.tuples(st.just("release"), st.none()),
    st.tuples(st.just("silence"), st.sampled_from([10.0, 100.0, 290.0, 330.0])),
    st.tuples(st.just("clock step"), st.sampled_from([1000.0, 50_000.0])),
)


class World:
    """A server with real players; one honest source, liars whom nobody should believe."""

    def __init__(self, honest: Trust, luck: float) -> None:
        self.honest = honest
        self.life = Life(OPTIONS, State(boot_id="b", born=0.0, luck=luck))
        self.there: set[str] = set()
        self.ever = False
        self.known: bool | None = None  # whether somebody is there, by the honest source
        self.empty_looks: list[float] = []  # in a row
        self.hold_until = 0.0
        self.offset = 0
        self.now = 10.0
        self.life.at(0.0, GAME)
        self.life.at(10.0, READY)
        self.tell()  # it speaks first: until then, liars would be all there is
        self.tell()

    def tell(self, *, fails: bool = False) -> None:
        """Have the honest source say what there is; it may fail where it has to look."""
        name, count = self.honest.value, len(self.there)
        if self.honest is Trust.API:
            self.life.at(self.now, e.PlayersSet(tuple(self.there)))
        elif self.honest is Trust.LOG:
            return
        elif fails:
            self.life.at(self.now, e.PlayersCounted(name, note="timeout"))
            self.empty_looks, self.known = [], None
            return
        else:
            self.life.at(self.now, e.PlayersCounted(name, count))
        self.learn()

    def learn(self) -> None:
        if self.there:
            self.empty_looks, self.known, self.ever = [], True, True
            return
        self.empty_looks.append(self.now)
        if self.honest in STATED or len(self.empty_looks) > 1:
            self.known = False

    def moves(self, move: str, name: str) -> None:
        (self.there.add if move == "join" else self.there.discard)(name)
        if self.honest is Trust.API:
            kind = e.PlayerJoined if move == "join" else e.PlayerLeft
            self.life.at(self.now, kind(name))
            self.learn()
        elif self.honest is Trust.LOG:
            self.offset += 10
            self.life.at(self.now, e.LinesMatched("stdout", self.offset, ((move, name),)))
            self.learn()

    def lies(self, at: int, count: int | None) -> None:
        liar = list(Trust)[at]
        spoken = self.life.state.players.word(self.honest.value).has_spoken
        if at > list(Trust).index(self.honest) and liar not in STATED and spoken:
            self.life.at(self.now, e.PlayersCounted(liar.value, count, note="broken"))

    def passes(self, seconds: float, *, awake: bool) -> None:
        end = self.now + seconds
        while awake and not self.over and (due := self.life.deadline) <= end:
            self.now = max(due, self.now)
            self.life.at(self.now, TICK)
        if not self.over:
            self.now = end
            self.life.at(end, TICK)

    def holds(self, seconds: float) -> None:
        self.hold_until = self.now + seconds
        self.life.at(self.now, e.HoldPlaced(seconds))

    def releases(self) -> None:
        self.hold_until = 0.0
        self.life.at(self.now, e.HoldReleased(), TICK)

    @property
    def over(self) -> bool:
        return self.life.state.stop is not None

    @property
    def due(self) -> float:
        """When an empty server has to be stopped."""
        limit = OPTIONS.everybody_left if self.ever else OPTIONS.nobody_joined
        return max(self.empty_looks[0] + jittered(limit, self.life.state.luck), self.hold_until)

    def do(self, what: str, how: object) -> None:
        match what, how:
            case "joins", str(name):
                self.moves("join", name)
            case "leaves", str(name):
                self.moves("leave", name)
            case "look" | "failed look", _:
                self.tell(fails=what == "failed look")
            case "lie", (int(at), None | int() as count):
                self.lies(at, count)
            case "hold", float(seconds):
                self.holds(seconds)
            case "release", _:
                self.releases()
            case "silence" | "clock step", float(seconds):
                self.passes(seconds, awake=what == "silence")
            case _:
                raise AssertionError(what)


@settings(max_examples=400)
@given(st.sampled_from(Trust), st.lists(steps, max_size=30), st.floats(0.0, 1.0))
def test_idle_promise(honest: Trust, script: list[tuple[str, object]], luck: float) -> None:
    world = World(honest, luck)
    for what, how in script:
        world.do(what, how)
        is_due = world.known is False and world.now >= world.due
        if world.over:
            assert world.life.state.stop
            assert world.life.state.stop.reason in IDLE
            assert world.known is False, "an occupied or unknown server was stopped"
            assert is_due, "an empty server was stopped too early"
            return
        assert not is_due, "an empty server was not stopped in time"
