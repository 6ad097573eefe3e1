"""Who may call what, how often, with which refusal."""

import aiohttp
import pytest

from agent.local.api.operations import OPERATIONS
from agent.local.platform import Platform
from tests.local.api.owner import DOCUMENT, Owner, conforms


def test_every_operation_of_the_document_is_there() -> None:
    ours = {(o.name, o.method, o.path) for o in OPERATIONS}
    theirs = {
        (operation["operationId"], method.upper(), path)
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    assert ours == theirs


def test_rate_limits_are_those_of_the_texts() -> None:
    for operation in OPERATIONS:
        text = DOCUMENT["paths"][operation.path][operation.method.lower()].get("description", "")
        stated = f"[Rate Limit: {operation.rate} req/s]"
        assert (stated in text) if operation.rate else ("Rate Limit" not in text)


async def test_wrong_token_is_refused_everywhere(platform: Platform) -> None:
    given = platform.api_token
    async with aiohttp.ClientSession(platform.origin) as session:
        for operation in OPERATIONS:
            path = operation.path.replace("{", "").replace("}", "")
            for token in ("", given, f"Bearer {given}", "token nonsense"):
                headers = {"Authorization": token} if token else {}
                async with session.request(operation.method, path, headers=headers) as answer:
                    status, body = answer.status, await answer.json()
                assert status == 401 or operation.has_own_token
                conforms(operation.method, path, status, body)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/container-registry/images/game/tags", 501),
        ("DELETE", "/v1/container-registry/images/game/tags/1", 501),
        ("POST", "/v1/relays/sessions", 501),
        ("POST", "/v1/relays/sessions:authorize-user", 501),
    ],
)
async def test_what_a_laptop_has_none_of_is_said(
    owner: Owner, method: str, path: str, status: int
) -> None:
    assert await owner.refused(method, path) == status


@pytest.mark.parametrize(
    ("method", "path", "body", "rate"),
    [
        ("GET", "/v1/status/x", None, 20),
        ("GET", "/v1/deployments", None, 10),
        ("POST", "/v1/deploy", {"app_name": "x"}, 40),
    ],
)
async def test_calls_over_the_rate_limit_wait_a_second(
    method: str, path: str, body: object, rate: int
) -> None:
    time = [100.0]
    async with Platform(now=lambda: time[0]) as platform, Owner(platform) as owner:
        statuses = [(await owner.call(method, path, body))[0] for _ in range(rate)]
        assert 429 not in statuses
        assert await owner.refused(method, path, body) == 429
        assert owner.headers["Retry-After"] == "1"
        time[0] += 0.99
        assert await owner.refused(method, path, body) == 429
        time[0] += 0.01
        assert (await owner.call(method, path, body))[0] != 429


async def test_locations_are_this_machine(owner: Owner) -> None:
    (place,) = (await owner.made("GET", "/v1/locations"))["locations"]
    beacons = await owner.made("GET", "/v1/locations/beacons")
    assert place == beacons["locations"][0]["location"]
    assert beacons["count"] == 1
