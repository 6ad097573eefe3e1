"""The names of the SDKs that the agent can pass for."""

import pytest

from agent.core import events as e
from agent.core import faces
from agent.core.options import Options
from agent.core.phases import Phase, Reason
from tests.core.life import GAME, READY, TICK, Life


def test_faces_are_named_with_commas() -> None:
    assert faces.parse("") == ()
    assert faces.parse(" GSDK ,agones") == ("agones", "gsdk")


def test_other_names_are_refused() -> None:
    with pytest.raises(ValueError, match="'playfab' is no face; write agones, gsdk"):
        faces.parse("gsdk,playfab")


def test_with_a_face_on_only_its_ready_call_counts() -> None:
    life = Life(options=_with_face())
    life.at(0.0, GAME, e.PortsChecked(bound=("game",), missing=()))
    phases = []
    for now, event in ((100.0, TICK), (101.0, READY)):
        life.at(now, event)
        phases.append(life.status.phase)
    assert phases == [Phase.STARTING, Phase.READY]


def test_game_that_never_calls_its_face_is_given_up_though_its_port_is_bound() -> None:
    life = Life(options=_with_face())
    life.at(0.0, GAME, e.PortsChecked(bound=("game",), missing=()))
    life.at(life.deadline, TICK)
    stop = life.status.stop
    assert stop is not None
    assert stop.reason is Reason.START_TIMEOUT


def _with_face() -> Options:
    return Options(sdk=("gsdk",))


def test_capacities_are_pairs() -> None:
    pairs = faces.capacities(" players=100, rooms = 10,")
    assert pairs == (("players", 100), ("rooms", 10))
    assert faces.capacities(faces.render_capacities(pairs)) == pairs


@pytest.mark.parametrize("text", ["players", "=5", "players=many", "players=-1", "a=9999999999"])
def test_capacity_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no capacity; write name=100"):
        faces.capacities(text)
