"""The API with the real entrypoint behind it, a real object store beside it."""

import asyncio
import sys
from collections.abc import Iterator

import aiohttp
import pytest

from agent.local import demogame
from agent.local.ledger import Status
from agent.local.platform import Platform
from tests.local.api.owner import STORAGE, Owner
from tests.logs import servers
from tests.logs.signed import ask


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store that checks signatures."""
    with servers.weed(tmp_path_factory.mktemp("weed")) as endpoint:
        yield endpoint


async def test_match_is_ordered_played_stopped_stored(store: str) -> None:
    """A studio's backend makes app, version, storage, deploys them, stops, finds the log."""
    keys = {"access_key_id": servers.KEY, "secret_access_key": servers.SECRET}
    async with Platform() as platform, Owner(platform) as owner, aiohttp.ClientSession() as agent:
        await owner.made(
            *("POST", "/v1/storage/endpoint"),
            STORAGE | keys | {"endpoint": store, "bucket": servers.BUCKET},
        )
        await owner.has_version(
            command=f"{sys.executable} -I {demogame.__file__}",
            ports=[{"port": 0, "protocol": "UDP", "name": "gameport"}],
            envs=[{"key": "AGENT_GRACE", "value": "20s"}],
            termination_grace_period_seconds=20,
            restart_policy="never",
            endpoint_storage="my-storage",
        )
        name = (await owner.made("POST", "/v1/deploy", {"app_name": "my-game"}))["request_id"]
        deployment = platform.deployment(name)
        await deployment.wrote("phase starting → ready")
        await deployment.reached(Status.READY)
        url = f"http://127.0.0.1:{deployment.environment['AGENT_PORT']}/v1/deployment"
        async with agent.get(url) as answer:
            assert name in await answer.text()
        metrics = await owner.made("GET", f"/v1/metrics/deployment/{name}")
        assert metrics["mem"]["datasets"][-1] > 30_000_000, "the agent is part of the tree"
        await owner.made("DELETE", f"/v1/stop/{name}")
        await platform.settled(name)
        assert deployment.exit_status == 0
        logs = await owner.made("GET", f"/v1/deployment/{name}/container-logs")
        for secret in (deployment.identity.delete_token, platform.api_token, servers.SECRET):
            assert secret not in logs["logs"]
    path = logs["logs_link"].removeprefix(store)
    stored = await ask(store, "GET", path)
    assert (stored.status, stored.body.decode()) == (200, logs["logs"])


async def test_wrong_keys_store_nothing(store: str) -> None:
    async with (
        Platform(entrypoint=lambda *command: command) as platform,
        Owner(platform) as owner,
    ):
        wrong = STORAGE | {"endpoint": store, "bucket": servers.BUCKET}
        await owner.made("POST", "/v1/storage/endpoint", wrong)
        await owner.has_version(
            command="echo up", restart_policy="never", endpoint_storage="my-storage"
        )
        name = (await owner.made("POST", "/v1/deploy", {"app_name": "my-game"}))["request_id"]
        async with asyncio.timeout(60):
            await platform.settled(name)
        logs = await owner.made("GET", f"/v1/deployment/{name}/container-logs")
        assert (logs["logs"], logs["logs_link"]) == ("up\n", None)
