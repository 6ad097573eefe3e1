"""The platform stands up to calls made from its OpenAPI document."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection

from agent.local.deployment import Deployment
from agent.local.platform import Platform
from agent.local.version import Version

DOCUMENT = json.loads(Path(__file__).with_name("edgegap-v1.part.json").read_text("utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)

Running = tuple[Platform, Deployment]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A platform in a thread of its own, with a deployment that outlives every self-stop."""
    up: SimpleQueue[Running] = SimpleQueue()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with Platform() as platform:
            version = Version(command=["sleep", "1000"], stop_delay=None)
            up.put((platform, await platform.deploy(version)))
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    yield up.get(timeout=20)
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=50, deadline=None)
def test_calls_about_strangers_conform(case: Case[Any], running: Running) -> None:
    platform, _ = running
    headers = {"Authorization": f"token {platform.api_token}"}
    case.call_and_validate(base_url=platform.origin, headers=headers)


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=50, deadline=None)
def test_calls_about_a_deployment_conform(case: Case[Any], running: Running) -> None:
    platform, deployment = running
    token = f"token {platform.api_token}"
    case.path_parameters["deployment_id"] = deployment.id
    if "stop_key" in case.path_parameters:
        case.path_parameters["stop_key"] = deployment.identity.stop_key
        token = deployment.identity.delete_token
    case.call_and_validate(
        base_url=platform.origin,
        headers={"Authorization": token},
        # What we put in place makes a call valid that was generated as an invalid one.
        excluded_checks=[negative_data_rejection],
    )
