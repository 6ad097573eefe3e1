"""A move outside the table is our bug, and it is loud."""

import pytest

from agent.core.phases import TRANSITIONS, Phase
from agent.core.state import Game, State, move, renew


def born(phase: Phase) -> State:
    return State(boot_id="b", born=0.0, phase=phase)


@pytest.mark.parametrize("start", Phase)
@pytest.mark.parametrize("end", Phase)
def test_only_the_moves_of_the_table_are_made(start: Phase, end: Phase) -> None:
    state = born(start)
    if start is end:
        assert move(state, end, 7.0) is state
    elif end in TRANSITIONS[start]:
        moved = move(state, end, 7.0)
        assert (moved.phase, moved.phase_since) == (end, 7.0)
    else:
        with pytest.raises(AssertionError, match=f"{start.value} cannot become {end.value}"):
            move(state, end, 7.0)


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.READY, Phase.IN_MATCH])
def test_another_life_of_the_game_begins_at_the_start(phase: Phase) -> None:
    state = renew(born(phase), Game(pid=8), 7.0, "again")
    assert (state.phase, state.why, state.game.pid) == (Phase.STARTING, "again", 8)


def test_game_runs_between_its_start_and_its_exit() -> None:
    assert not Game().is_running
    assert Game(pid=7).is_running
    assert not Game(pid=7, exit=0).is_running
    assert not Game(exit=0).is_running
