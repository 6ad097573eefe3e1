"""The program as it is started, against any input that its own document allows or forbids."""

import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance

from .inside import ENTRYPOINT, GAMES

# The stream has no end (tests/control reads it); the stand-in is meant even in observe mode.
LEFT_OUT = ("GET /v1/events", "DELETE /v1/self/stop/")
BOUNDED = settings(
    max_examples=30,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


# A slow machine must not see a timer of ours change the state in between.
CALM = dict.fromkeys(
    ("AGENT_NOBODY_JOINED", "AGENT_EVERYBODY_LEFT", "AGENT_HEALTH_TIMEOUT"), "20h"
)
TIMED = {"POST /v1/hold": ("DELETE", "/v1/hold"), "POST /v1/health": ("POST", "/v1/health")}
"""Calls that begin a timer, with what ends it."""


@pytest.fixture(scope="module")
def agent_url() -> Iterator[str]:
    """Run a game under the agent in observe mode, where no call ends anything."""
    process = subprocess.Popen(
        [ENTRYPOINT, "python3", str(GAMES / "talker.py")],
        env={**os.environ, **CALM, "AGENT_PORT": "0", "AGENT_MODE": "observe"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout
    found = re.match(rb"AGENT_URL=(\S+)", process.stdout.readline())
    assert found
    yield found[1].decode()
    assert process.poll() is None  # nothing that was sent has ended the game
    process.terminate()
    process.communicate(timeout=30)


def revision(session: requests.Session, url: str) -> int:
    return int(session.get(f"{url}/v1/status", timeout=20).json()["revision"])


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_no_input_breaks_the_program(agent_url: str, mode: GenerationMode) -> None:
    """Never a 500, never a hang; what is refused leaves the state untouched."""
    with requests.Session() as session:
        session.post(f"{agent_url}/v1/ready", timeout=20)
        document: Any = session.get(f"{agent_url}/openapi.json", timeout=20).json()
        operations = [
            result.ok()
            for result in schemathesis.openapi.from_dict(document).get_all_operations()
            if isinstance(result, Ok)
        ]
        assert len(operations) > 15
        for operation in operations:
            wrong = bool([*operation.query, *operation.body])
            if operation.label.startswith(LEFT_OUT) or (
                mode is GenerationMode.NEGATIVE and not wrong
            ):
                continue

            @BOUNDED
            @given(case=operation.as_strategy(mode))
            def fuzz(case: Any) -> None:
                if {"wait", "after"} <= set(case.query or ()):
                    case.query["after"] = "0"  # a poll that waits is tested elsewhere
                if "follow" in (case.query or ()):
                    case.query["follow"] = "0"  # nor has this stream an end
                before = revision(session, agent_url)
                response = case.call(base_url=agent_url, session=session, timeout=20)
                case.validate_response(
                    response, checks=[not_a_server_error, response_schema_conformance]
                )
                if response.status_code >= 400:
                    assert revision(session, agent_url) == before
                elif case.operation.label in TIMED:
                    verb, path = TIMED[case.operation.label]
                    session.request(verb, agent_url + path, timeout=20)

            fuzz()
