"""The platform answers as its OpenAPI document says."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import pytest

from agent.local import faults
from agent.local.deployment import Deployment
from agent.local.ledger import (
    SelfStopCalled,
    SignalSent,
    Status,
    StatusRead,
    StatusTurned,
    StopAccepted,
)
from agent.local.platform import Platform
from agent.local.version import RestartPolicy, Version

DOCUMENT = json.loads(Path(__file__).with_name("edgegap-v1.openapi.json").read_text("utf-8"))
SLEEPER = ["sh", "-c", "trap 'exit 0' TERM; echo up; sleep 1000 & wait"]


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        session._retry_connection = False  # or it hides a reset behind a second DELETE
        yield session


def check(path: str, method: str, status: int, body: object) -> None:
    """Compare a body with the document's schema for this answer."""
    operation = DOCUMENT["paths"][path][method]
    schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.validate(whole, body)


async def self_stop(
    client: aiohttp.ClientSession, deployment: Deployment, **change: str
) -> tuple[int, dict[str, Any]]:
    """Call as the injected variables say, less what is changed."""
    url = change.get("url", deployment.environment["ARBITRIUM_DELETE_URL"])
    token = change.get("token", deployment.environment["ARBITRIUM_DELETE_TOKEN"])
    headers = {"authorization": token} if token else {}
    async with client.delete(url, headers=headers) as answer:
        body = await answer.json()
        check("/v1/self/stop/{deployment_id}/{stop_key}", "delete", answer.status, body)
        return answer.status, body


async def test_self_stop_ends_the_deployment(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER))
    await deployment.wrote("up")
    status, body = await self_stop(client, deployment)
    assert status == 202
    assert body == {"message": f"{deployment.id} - Delete request will be processed soon"}
    await deployment.terminated()
    assert deployment.exit_status == 0
    kinds = [type(record) for record in deployment.records]
    assert kinds[kinds.index(SelfStopCalled) :][:4] == [
        *(SelfStopCalled, StopAccepted, StatusTurned, SignalSent)
    ]


async def test_repeated_self_stop_is_accepted_with_one_effect(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER, mark_ready_after=None))
    await deployment.wrote("up")
    assert [(await self_stop(client, deployment))[0] for _ in range(3)] == [202, 202, 202]
    deployment.mark_ready()
    await deployment.terminated()
    assert len([r for r in deployment.records if isinstance(r, StopAccepted)]) == 1
    assert (await self_stop(client, deployment))[0] == 404


async def test_self_stop_with_a_wrong_token_is_forbidden(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER))
    token = deployment.environment["ARBITRIUM_DELETE_TOKEN"]
    for wrong in ("nonsense", f"token {token}", f"Bearer {token}", token + "é"):
        assert (await self_stop(client, deployment, token=wrong))[0] == 403
    assert (await self_stop(client, deployment, token=""))[0] == 401
    assert not [r for r in deployment.records if isinstance(r, StopAccepted)]


async def test_self_stop_with_a_wrong_address_is_not_found(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER))
    url = deployment.environment["ARBITRIUM_DELETE_URL"]
    for wrong in (url + "9", url.replace(deployment.id, "0" * 12)):
        assert (await self_stop(client, deployment, url=wrong))[0] == 404
    assert not [r for r in platform.records if isinstance(r, StopAccepted)]


async def test_log_storage_of_a_self_stop_is_taken_down(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER))
    url = deployment.environment["ARBITRIUM_DELETE_URL"]
    await self_stop(client, deployment, url=url + "?container_log_storage=my-storage")
    (call,) = (r for r in deployment.records if isinstance(r, SelfStopCalled))
    assert call.storage == "my-storage"


async def test_faults_meet_the_next_calls_in_order(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    ordered = faults.parse("503x2,429:2s,403,reset,hang:10ms")
    deployment = await platform.deploy(Version(command=SLEEPER, faults=ordered[:3]))
    deployment.add_faults(*ordered[3:])
    url = deployment.environment["ARBITRIUM_DELETE_URL"]
    headers = {"authorization": deployment.environment["ARBITRIUM_DELETE_TOKEN"]}
    seen = []
    for _ in range(7):
        try:
            async with client.delete(url, headers=headers) as answer:
                seen.append((answer.status, answer.headers.get("Retry-After")))
        except aiohttp.ClientError:
            seen.append((0, None))
    assert seen == [
        *((503, None), (503, None), (429, "2"), (403, None)),
        *((0, None), (0, None), (202, None)),
    ]
    answers = [r.answer for r in deployment.records if isinstance(r, SelfStopCalled)]
    assert answers == ["503", "503", "429", "403", "reset", "hang", "202"]


async def test_lost_answer_is_to_a_call_that_was_taken(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER, faults=[faults.Lost()] * 2))
    await deployment.wrote("up")
    with pytest.raises(aiohttp.ClientError):
        await self_stop(client, deployment, token="wrong")
    assert not [r for r in deployment.records if isinstance(r, StopAccepted)]
    with pytest.raises(aiohttp.ClientError):
        await self_stop(client, deployment)
    await deployment.terminated()


async def test_hanging_call_does_not_keep_the_platform_from_closing(
    client: aiohttp.ClientSession,
) -> None:
    async with Platform() as closing:
        version = Version(command=SLEEPER, faults=[faults.Hang(1000)])
        deployment = await closing.deploy(version)
        call = asyncio.create_task(self_stop(client, deployment))
        await deployment.recorded(SelfStopCalled)
    with pytest.raises(aiohttp.ClientError):
        await call


async def test_status_follows_the_deployment(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(
        Version(command=SLEEPER, mark_ready_after=None, restart_policy=RestartPolicy.NEVER)
    )
    await deployment.wrote("up")
    url = f"{platform.origin}/v1/status/{deployment.id}"
    headers = {"Authorization": f"token {platform.api_token}"}
    seen = []

    async def look() -> None:
        async with client.get(url, headers=headers) as answer:
            body = await answer.json()
            check("/v1/status/{deployment_id}", "get", answer.status, body)
            seen.append((body["current_status"], body["last_status"], body["running"]))

    await look()
    deployment.mark_ready()
    await deployment.reached(Status.READY)
    await look()
    deployment.stop()
    await deployment.terminated()
    await look()
    assert seen == [
        ("Status.DEPLOYING", "Status.SCANNING", False),
        ("Status.READY", "Status.DEPLOYING", True),
        ("Status.TERMINATED", "Status.TERMINATING", False),
    ]


async def test_status_tells_an_error(platform: Platform, client: aiohttp.ClientSession) -> None:
    deployment = await platform.deploy(Version(command=["/nowhere"]))
    headers = {"Authorization": f"token {platform.api_token}"}
    url = f"{platform.origin}/v1/status/{deployment.id}"
    async with client.get(url, headers=headers) as answer:
        body = await answer.json()
    check("/v1/status/{deployment_id}", "get", 200, body)
    assert body["error"] is True
    assert body["error_detail"] == "cannot start /nowhere: No such file or directory"


async def test_status_needs_the_api_token_with_a_known_id(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER))
    path = "/v1/status/{deployment_id}"
    for name, token, expected in (
        (deployment.id, platform.api_token, 401),
        (deployment.id, f"token {deployment.environment['ARBITRIUM_DELETE_TOKEN']}", 401),
        ("unknown", f"token {platform.api_token}", 404),
    ):
        url = f"{platform.origin}/v1/status/{name}"
        async with client.get(url, headers={"Authorization": token}) as answer:
            assert answer.status == expected
            check(path, "get", expected, await answer.json())
    assert [r.answer for r in platform.records if isinstance(r, StatusRead)] == ["404"]


async def test_context_url_answers_to_its_own_token(
    platform: Platform, client: aiohttp.ClientSession
) -> None:
    deployment = await platform.deploy(Version(command=SLEEPER))
    url = deployment.environment["ARBITRIUM_CONTEXT_URL"]
    for address, token, expected in (
        (url, deployment.environment["ARBITRIUM_CONTEXT_TOKEN"], 200),
        (url, deployment.environment["ARBITRIUM_DELETE_TOKEN"], 401),
        (url.replace(deployment.id, "unknown"), "any", 404),
    ):
        async with client.get(address, headers={"authorization": token}) as answer:
            assert answer.status == expected
            body = await answer.json()
    async with client.get(
        url, headers={"authorization": deployment.environment["ARBITRIUM_CONTEXT_TOKEN"]}
    ) as answer:
        body = await answer.json()
    assert body["request_id"] == deployment.id
    assert body["ready"] is True
    assert body["ports"]["gameport"]["internal"] == 7777


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/status/x", 405),
        ("PUT", "/v1/self/stop/a/1", 405),
    ],
)
async def test_other_calls_are_refused_in_the_same_shape(
    platform: Platform, client: aiohttp.ClientSession, method: str, path: str, expected: int
) -> None:
    async with client.request(method, platform.origin + path) as answer:
        assert answer.status == expected
        assert list(await answer.json()) == ["message"]
