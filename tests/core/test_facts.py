"""A fact changes what is known, once; PID 1's truth outweighs what was known before."""

from dataclasses import replace

import pytest

from agent.core import events as e
from agent.core import exits
from agent.core.facts import absorb
from agent.core.phases import Health, Phase
from agent.core.state import Hold, Ports

from .life import AT_HOME, BORN, GAME, Life


@pytest.mark.parametrize(
    "event",
    [
        e.DeadlinePassed(),
        e.StopRequested("why"),
        e.MatchEnded("m"),
        e.LogsShipped(),
    ],
)
def test_some_facts_are_decided_on_but_not_remembered(event: e.Event) -> None:
    assert absorb(BORN, event, 1.0) is BORN


@pytest.mark.parametrize(
    "event",
    [
        e.TermReceived(15),
        e.CallArrived(),
        e.ReadyReported(),
        e.ConditionChecked("a2s:27015", holds=False, note="no answer"),
        e.MatchStarted("m"),
        e.PortsChecked(bound=("game",), missing=()),
        e.GameStarted(8),
        e.PlayersSet(ids=("ann",)),
        e.HealthReported("healthy"),
        e.HoldPlaced(60.0),
    ],
)
def test_same_fact_twice_is_one_fact(event: e.Event) -> None:
    once = absorb(BORN, event, 1.0)
    assert once != BORN
    assert absorb(once, event, 1.0) == once


def test_hold_is_placed_and_taken_back() -> None:
    held = absorb(BORN, e.HoldPlaced(60.0, "boss"), 10.0)
    assert held.hold == Hold(70.0, "boss")
    assert absorb(held, e.HoldReleased(), 20.0) == BORN
    assert absorb(BORN, e.HoldReleased(), 20.0) is BORN


def test_match_that_is_on_is_not_begun_again() -> None:
    state = absorb(BORN, e.MatchStarted("m"), 10.0)
    assert absorb(state, e.MatchStarted("m"), 20.0) is state
    again = absorb(state, e.MatchStarted("n"), 20.0)
    assert again.match is not None
    assert (again.match.id, again.match.started_at) == ("n", 20.0)


def test_port_that_is_newly_bound_is_news() -> None:
    state = absorb(BORN, e.PortsChecked(bound=("a",), missing=("b",)), 10.0)
    assert absorb(state, e.PortsChecked(bound=("a",), missing=("b",)), 20.0) is state
    state = absorb(state, e.PortsChecked(bound=(), missing=("a", "b")), 30.0)
    assert state.ports == Ports(changed_at=10.0)
    state = absorb(state, e.PortsChecked(bound=("a",), missing=("b",)), 40.0)
    assert state.ports.changed_at == 40.0
    state = absorb(state, e.PortsChecked(bound=("a",), missing=("b",), other=("udp:1",)), 50.0)
    assert state.ports == Ports(bound=("a",), other=("udp:1",), changed_at=40.0)


def test_game_that_cannot_be_started_counts_as_exited() -> None:
    state = absorb(absorb(BORN, GAME, 0.0), e.GameNotStarted("no such file"), 5.0)
    assert (state.game.pid, state.game.exit) == (None, exits.NOT_STARTED)


def test_new_life_of_the_game_knows_nothing_of_the_last() -> None:
    life = Life.ready()
    told = (
        e.PlayersSet(ids=("ann",), capacity=8),
        e.MatchStarted("m"),
        e.HealthReported("loading", 900.0),
        e.HoldPlaced(600.0),
        e.CallArrived(),
        e.PortsChecked(bound=("game",), missing=()),
    )
    life.at(10.0, *told, e.GameStarted(8))
    state = life.state
    assert (state.phase, state.why) == (Phase.STARTING, "the game is starting")
    assert state.players == replace(BORN.players, capacity=8)
    assert state.ports == Ports(declared=("game",))
    assert (state.match, state.hold, state.ready_at, state.ready_by) == (None, None, None, None)
    assert (state.pulse.said, state.api_spoken, state.tells_matches) == (
        Health.UNKNOWN,
        False,
        False,
    )
    assert (state.game.pid, state.game.started_at) == (8, 10.0)


def test_start_of_the_life_that_is_known_is_no_news() -> None:
    life = Life.ready()
    life.at(10.0, e.PlayerJoined("ann"))
    before = life.state
    assert life.at(11.0, e.GameStarted(7)) == ()
    assert life.state is before


def test_truth_of_pid1_is_taken() -> None:
    state = absorb(
        BORN, e.Resynced(7, 3.0, None, 9.0, on_edgegap=True, declared_ports=("a",)), 10.0
    )
    assert (state.game.pid, state.game.started_at, state.game.exit) == (7, 3.0, None)
    assert (state.on_edgegap, state.term_at, state.ports.declared) == (True, 9.0, ("a",))
    assert state.agent_starts == 1


def test_first_sigterm_stays_the_first() -> None:
    state = absorb(BORN, e.TermReceived(15, at=4.0), 5.0)
    assert absorb(state, e.Resynced(7, 0.0, None, 9.0, on_edgegap=True), 10.0).term_at == 4.0
    assert absorb(state, e.TermReceived(2), 11.0) is state
    assert absorb(BORN, e.TermReceived(2), 11.0).term_at == 11.0


def test_new_agent_keeps_what_the_game_has_said() -> None:
    life = Life.ready()
    life.at(10.0, e.PlayerJoined("ann"), e.MatchStarted("m"), e.HoldPlaced(60.0))
    before = life.state
    life.at(20.0, GAME)
    assert replace(life.state, agent_starts=1, revision=before.revision) == before


def test_new_agent_hears_of_an_exit_that_nobody_saw() -> None:
    life = Life.ready()
    life.at(20.0, e.Resynced(7, 0.0, 139, None, on_edgegap=True))
    assert life.state.why.startswith("the game left: killed by SIGSEGV")
    assert (life.state.game.pid, life.state.game.exit) == (None, 139)


def test_new_agent_hears_of_another_life_that_nobody_saw_begin() -> None:
    life = Life.ready(on_game_exit="restart")
    life.at(10.0, e.PlayerJoined("ann"))
    life.at(20.0, e.Resynced(8, 19.0, None, None, on_edgegap=True))
    assert (life.state.phase, life.state.players.count) == (Phase.STARTING, None)
    assert (life.state.game.pid, life.state.game.started_at) == (8, 19.0)


def test_new_agent_without_a_game_waits_for_it() -> None:
    life = Life()
    life.at(0.0, e.Resynced(None, None, None, None, on_edgegap=True))
    assert (life.state.phase, life.state.game.is_running) == (Phase.STARTING, False)
    assert life.at(1.0, AT_HOME) == ()
    assert life.state.game.is_running
