"""Ready by its word, by its ports, never by chance."""

from dataclasses import replace

from agent.core import events as e
from agent.core.effects import Say
from agent.core.options import Options
from agent.core.phases import Phase
from agent.core.readiness import looks_at_ports, next_look, partly_at, ready_by
from agent.core.state import Ports, State

from .life import GAME, READY, TICK, Life

NEVER = float("inf")
AUTO = Options()
TWO = Ports(declared=("game", "query"), bound=("query",), changed_at=10.0)


def born(ports: Ports, *, api_spoken: bool = False) -> State:
    return State(boot_id="b", born=0.0, ports=ports, api_spoken=api_spoken)


def test_nothing_bound_is_not_ready() -> None:
    state = born(Ports(declared=("game",)))
    assert ready_by(state, 1e6, AUTO) is None
    assert next_look(state, 0.0, AUTO) == NEVER


def test_all_declared_ports_are_ready() -> None:
    assert ready_by(born(replace(TWO, bound=("query", "game"))), 11.0, AUTO) == "ports"


def test_some_ports_are_ready_after_thirty_seconds_without_news() -> None:
    state = born(TWO)
    assert partly_at(state) == next_look(state, 0.0, AUTO) == 40.0
    assert ready_by(state, 39.9, AUTO) is None
    assert ready_by(state, 40.0, AUTO) == "ports, less game"


def test_port_that_was_closed_again_does_not_count() -> None:
    state = born(replace(TWO, bound=()))
    assert ready_by(state, 1e6, AUTO) is None
    assert partly_at(state) == NEVER


def test_first_undeclared_port_counts_where_none_is_declared() -> None:
    assert ready_by(born(Ports()), 1e6, AUTO) is None
    assert ready_by(born(Ports(other=("udp:7777", "tcp:80"))), 1.0, AUTO) == "port udp:7777"
    assert next_look(born(Ports(bound=("x",), changed_at=1.0)), 0.0, AUTO) == NEVER


def test_undeclared_port_does_not_count_beside_declared_ones() -> None:
    assert ready_by(born(Ports(declared=("game",), other=("tcp:80",))), 1e6, AUTO) is None


def test_only_its_own_word_counts_once_the_game_has_called() -> None:
    state = born(replace(TWO, bound=("game", "query")), api_spoken=True)
    assert ready_by(state, 1e6, AUTO) is None
    assert next_look(state, 0.0, AUTO) == NEVER


def test_only_its_own_word_counts_where_that_was_set() -> None:
    state = born(replace(TWO, bound=("game", "query")))
    assert ready_by(state, 1e6, Options(ready_when="api")) is None
    assert next_look(state, 0.0, Options(ready_when="api")) == NEVER


def holds(check: str) -> e.ConditionChecked:
    return e.ConditionChecked(check, holds=True)


def test_conditions_make_ready_once_all_of_them_hold() -> None:
    life = Life(Options(ready_when="udp:game\nlog:up"))
    life.at(0.0, GAME, holds("log:up"), e.ConditionChecked("udp:game", holds=False, note="free"))
    assert (life.status.phase, life.status.waits_for) == (Phase.STARTING, ("udp:game (free)",))
    life.at(5.0, holds("udp:game"))
    assert (life.status.phase, life.status.ready_by) == (Phase.READY, "udp:game and log:up")
    assert life.status.waits_for == ()


def test_condition_that_held_once_has_to_hold_still() -> None:
    life = Life(Options(ready_when="udp:game\nlog:up"))
    life.at(0.0, GAME, holds("udp:game"), e.ConditionChecked("udp:game", holds=False))
    life.at(1.0, holds("log:up"))
    assert life.status.waits_for == ("udp:game",)


def test_delay_counts_from_the_start_of_the_game() -> None:
    life = Life(Options(ready_when="delay:5s"))
    life.at(0.0, replace(GAME, game_started_at=2.0))
    assert life.deadline == 7.0
    life.at(7.0, TICK)
    assert life.status.ready_by == "delay:5s"


def test_delay_of_a_game_that_has_not_started_does_not_count() -> None:
    options = Options(ready_when="delay:5s")
    assert next_look(born(Ports()), 0.0, options) == NEVER
    assert ready_by(born(Ports()), 1e6, options) is None


def test_delay_that_is_over_wakes_nobody_again() -> None:
    life = Life(Options(ready_when="delay:5s\napi", start_timeout=0.0, max_duration=0.0))
    life.at(0.0, GAME)
    life.at(5.0, TICK)
    assert life.deadline == NEVER
    life.at(6.0, READY)
    assert life.status.ready_by == "delay:5s and api"


def test_word_of_the_game_is_kept_until_the_rest_holds() -> None:
    life = Life(Options(ready_when="any(api, tcp:80)\nlog:up"))
    life.at(0.0, GAME, READY)
    life.at(9.0, holds("log:up"))
    assert life.status.ready_by == "api and log:up"


def test_word_that_does_not_count_is_answered_with_the_reason() -> None:
    life = Life(Options(ready_when="log:up"))
    life.at(0.0, GAME)
    said = life.at(1.0, READY)
    assert said == (Say("info", "the game says that it is ready; AGENT_READY_WHEN has no `api`"),)
    assert life.status.phase is Phase.STARTING


def test_start_times_out_where_what_was_asked_for_never_holds() -> None:
    """A bound port is life enough only where nothing else was asked for."""
    life = Life(Options(ready_when="log:up"))
    life.at(0.0, GAME, e.PortsChecked(("game",), ()))
    assert life.deadline == 600.0
    timer = next(t for t in life.status.timers if t.name == "start_timeout")
    assert timer.why == "AGENT_READY_WHEN does not hold, no call, no player yet"


def test_new_life_of_the_game_has_to_meet_the_conditions_again() -> None:
    life = Life(Options(ready_when="log:up"))
    life.at(0.0, GAME, holds("log:up"))
    life.at(9.0, e.GameStarted(8))
    assert life.status.waits_for == ("log:up",)


def test_port_that_somebody_else_holds_is_named() -> None:
    life = Life()
    life.at(0.0, GAME)
    taken = "port game (UDP 7777) is held by 'sshd' (pid 9)"
    assert life.at(1.0, e.PortsChecked((), ("game",), taken=(taken,))) == (Say("warning", taken),)


def test_status_says_which_ports_are_seen_and_for_sure() -> None:
    life = Life(Options(ready_when="api"))
    life.at(0.0, GAME, e.PortsChecked((), ("game",), ("tcp:80",), certain=False))
    ports = life.status.ports
    assert (ports.bound, ports.missing, ports.other) == ((), ("game",), ("tcp:80",))
    assert not ports.certain


def test_ports_are_looked_at_only_where_they_can_make_ready() -> None:
    assert looks_at_ports(AUTO)
    assert looks_at_ports(Options(ready_when="any(log:up, auto)"))
    assert not looks_at_ports(Options(ready_when="api"))
