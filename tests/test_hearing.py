"""PID 1's messages as events."""

from typing import Any

import pytest

from agent import hearing
from agent.core import events as e


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"is": "term", "signum": 2, "at": 1.0}, e.TermReceived(2, at=1.0)),
        ({"is": "game_started", "pid": 7, "at": 1.0}, e.GameStarted(7)),
        ({"is": "game_exited", "pid": 7, "status": 9, "at": 1.0}, e.GameExited(9)),
        ({"is": "game_not_started", "why": "no file", "at": 1.0}, e.GameNotStarted("no file")),
        ({"is": "news"}, None),
        ({}, None),
    ],
)
def test_message_of_pid_1_is_a_fact(message: dict[str, Any], event: e.Event | None) -> None:
    assert hearing.fact(message) == event
