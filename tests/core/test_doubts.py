from dataclasses import replace

import pytest

from agent.core.doubts import doubts
from agent.core.options import Options


def test_defaults_raise_no_doubt() -> None:
    assert doubts(Options()) == ()


@pytest.mark.parametrize(
    ("options", "setting", "said"),
    [
        (Options(grace=2.0), "AGENT_GRACE", "AGENT_GRACE=2s is no grace that the platform gives"),
        (Options(grace=7200.0), "AGENT_GRACE", "(5 to 3600)"),
        (Options(drain=30.0), "AGENT_DRAIN", "AGENT_DRAIN=30s is cut to 15s, a quarter of"),
        (Options(stop_signal=9), "AGENT_STOP_SIGNAL", "AGENT_STOP_SIGNAL=KILL gives a game no"),
        (
            Options(stop_by=(("stdin", 10.0), ("signal", 0.0))),
            "AGENT_STOP_BY",
            "(10s together) shrink to 1s875ms",
        ),
        (
            Options(stop_by=(("file", 1.0), ("signal", 0.0))),
            "AGENT_STOP_FILE",
            "set it, or take file out",
        ),
        (
            Options(stop_by=(("http", 1.0), ("signal", 0.0))),
            "AGENT_STOP_URL",
            "set it, or take http out",
        ),
        (
            Options(stop_by=(("rcon", 1.0), ("signal", 0.0))),
            "AGENT_RCON_PORT",
            "set it, or take rcon out",
        ),
        (Options(max_duration=0.0), "AGENT_MAX_DURATION", "AGENT_MAX_DURATION=off is past 24h"),
        (Options(max_duration=90_000.0), "AGENT_MAX_DURATION", "AGENT_MAX_DURATION=25h is past"),
        (
            Options(max_duration=60.0),
            "AGENT_MAX_DURATION_WARNING",
            "=5m is not shorter than AGENT_MAX_DURATION=1m",
        ),
        (Options(health_timeout=5.0), "AGENT_HEALTH_TIMEOUT", "leaves no room for one ping"),
    ],
)
def test_odd_setting_is_doubted_by_name(options: Options, setting: str, said: str) -> None:
    ((doubted, line),) = doubts(options)
    assert doubted == setting
    assert said in line


def test_stop_file_that_is_named_is_not_doubted() -> None:
    options = Options(stop_by=(("file", 1.0), ("signal", 0.0)), stop_file="/run/stop")
    assert doubts(options) == ()
    assert doubts(replace(options, grace=3600.0)) == ()
