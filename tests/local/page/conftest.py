"""What the tests of the page start from."""

import sys
from collections.abc import Callable

import pytest

from agent.local import demo, image
from agent.local.version import Port, RestartPolicy, Version


@pytest.fixture
def played() -> Callable[..., Version]:
    """A version of the demo game behind the real entrypoint; its own match needs 16 players."""

    def make(**env: str) -> Version:
        game = [sys.executable, str(demo._GAME), "--players", "16"]
        timers = {"AGENT_GRACE": "5s", "AGENT_STOP_TIMEOUT": "20s", "AGENT_DRAIN": "5s"}
        return Version(
            command=image.behind_entrypoint(*game),
            env={"PATH": image.search_path(), "AGENT_PORT": "0", **timers, **env},
            ports=(Port(internal=0),),
            restart_policy=RestartPolicy.NEVER,
        )

    return make
