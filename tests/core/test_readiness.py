"""Ready by its word, by its ports, never by chance."""

from dataclasses import replace

from agent.core.options import Options
from agent.core.readiness import next_look, partly_at, ready_by
from agent.core.state import Ports, State

NEVER = float("inf")
AUTO = Options()
TWO = Ports(declared=("game", "query"), bound=("query",), changed_at=10.0)


def born(ports: Ports, *, api_spoken: bool = False) -> State:
    return State(boot_id="b", born=0.0, ports=ports, api_spoken=api_spoken)


def test_nothing_bound_is_not_ready() -> None:
    state = born(Ports(declared=("game",)))
    assert ready_by(state, 1e6, AUTO) is None
    assert next_look(state, AUTO) == NEVER


def test_all_declared_ports_are_ready() -> None:
    assert ready_by(born(replace(TWO, bound=("query", "game"))), 11.0, AUTO) == "ports"


def test_some_ports_are_ready_after_thirty_seconds_without_news() -> None:
    state = born(TWO)
    assert partly_at(state) == next_look(state, AUTO) == 40.0
    assert ready_by(state, 39.9, AUTO) is None
    assert ready_by(state, 40.0, AUTO) == "ports, less game"


def test_port_that_was_closed_again_does_not_count() -> None:
    state = born(replace(TWO, bound=()))
    assert ready_by(state, 1e6, AUTO) is None
    assert partly_at(state) == NEVER


def test_first_undeclared_port_counts_where_none_is_declared() -> None:
    assert ready_by(born(Ports()), 1e6, AUTO) is None
    assert ready_by(born(Ports(other=("udp:7777", "tcp:80"))), 1.0, AUTO) == "port udp:7777"
    assert next_look(born(Ports(bound=("x",), changed_at=1.0)), AUTO) == NEVER


def test_undeclared_port_does_not_count_beside_declared_ones() -> None:
    assert ready_by(born(Ports(declared=("game",), other=("tcp:80",))), 1e6, AUTO) is None


def test_only_its_own_word_counts_once_the_game_has_called() -> None:
    state = born(replace(TWO, bound=("game", "query")), api_spoken=True)
    assert ready_by(state, 1e6, AUTO) is None
    assert next_look(state, AUTO) == NEVER


def test_only_its_own_word_counts_where_that_was_set() -> None:
    state = born(replace(TWO, bound=("game", "query")))
    assert ready_by(state, 1e6, Options(ready_when="api")) is None
    assert next_look(state, Options(ready_when="api")) == NEVER
