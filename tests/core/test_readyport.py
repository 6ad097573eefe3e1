"""When the platform is to see that the game is ready."""

import pytest

from agent.core import events as e
from agent.core.readyport import is_wanted

from .life import GAME, Life

TERM = e.TermReceived(15)
STOP = e.StopRequested("patch day")


def life(*, ready: bool) -> Life:
    begun = Life.ready() if ready else Life()
    if not ready:
        begun.at(0.0, GAME)
    return begun


@pytest.mark.parametrize(
    ("ready", "event", "drain", "wanted"),
    [
        (False, None, "open", None),
        (True, None, "open", True),
        (True, e.MatchStarted("m"), "close", True),
        (True, e.GameStarted(8), "open", None),
        (True, STOP, "open", True),
        (True, STOP, "close", False),
        (False, STOP, "open", True),
        (False, STOP, "close", True),
        (False, TERM, "open", None),
        (True, TERM, "close", None),
    ],
)
def test_port_opens_with_the_game_or_with_a_stop_that_would_be_queued(
    *, ready: bool, event: e.Event | None, drain: str, wanted: bool | None
) -> None:
    begun = life(ready=ready)
    if event is not None:
        begun.at(10.0, event)
    assert is_wanted(begun.status, drain) is wanted
