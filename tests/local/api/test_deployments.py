"""Deployments that are ordered, looked at, stopped through the API."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from agent.local.deployment import Deployment
from agent.local.ledger import Reported, Status
from agent.local.platform import Platform
from tests.local.api.conftest import bare
from tests.local.api.owner import APP, STORAGE, VERSION, Owner

GAME = "sh -c 'trap \"exit 0\" TERM; echo up $MAP $MODE $K_Y; echo bad >&2; sleep 1000 & wait'"


class Web:
    """A studio's own web server: it takes all, or refuses all."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []
        self.arrived = asyncio.Event()
        self.status = 200
        self.origin = ""

    async def take(self, request: web.Request) -> web.Response:
        self.seen.append((request.method, request.path, await request.read()))
        self.arrived.set()
        return web.Response(status=self.status)


@pytest.fixture
async def studio() -> AsyncIterator[Web]:
    """A web server on the loopback."""
    studio, application = Web(), web.Application()
    application.router.add_route("*", "/{path:.*}", studio.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    studio.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield studio
    await runner.cleanup()


async def deploy(owner: Owner, **order: Any) -> str:
    made = await owner.made("POST", "/v1/deploy", {"app_name": "my-game"} | order)
    return str(made["request_id"])


async def up(platform: Platform, name: str) -> Deployment:
    """Wait until the game runs, the platform knows it."""
    deployment = platform.deployment(name)
    await deployment.wrote("up")
    await deployment.reached(Status.READY)
    return deployment


async def test_version_becomes_a_deployment(platform: Platform, owner: Owner) -> None:
    await owner.has_version(
        command=GAME,
        ports=[{"port": 0, "protocol": "UDP", "name": "gameport"}],
        envs=[{"key": "MAP", "value": "sea"}, {"key": "MODE", "value": "old"}],
        termination_grace_period_seconds=7,
        max_duration=9,
        restart_policy="never",
    )
    order = {
        "app_name": "my-game",
        "ip_list": ["192.0.2.1", "192.0.2.2"],
        "env_vars": [{"key": "MODE", "value": "ne\0w"}, {"key": "K-Y", "value": "k"}],
        "tags": ["blue"],
        "filters": [{"field": "city", "values": ["Montreal"], "filter_type": "any"}],
    }
    made = await owner.made("POST", "/v1/deploy", order)
    assert (made["request_version"], made["request_user_count"]) == ("v1", 2)
    assert (made["tags"], made["filters"]) == (order["tags"], order["filters"])
    deployment = await up(platform, made["request_id"])
    await deployment.wrote("up sea new k")
    assert deployment.version.grace == 7
    status = await owner.made("GET", f"/v1/status/{deployment.id}")
    assert (status["app_name"], status["app_version"]) == ("my-game", "v1")
    assert (status["current_status"], status["max_duration"]) == ("Status.READY", 9)
    assert status["fqdn"] == made["request_dns"]
    assert status["ports"]["gameport"]["internal"] > 0
    assert await owner.refused("GET", "/v1/status/unknown") == 404
    assert (await owner.call("DELETE", f"/v1/stop/{deployment.id}"))[0] == 202
    await deployment.terminated()
    assert deployment.exit_status == 0
    assert await owner.refused("DELETE", f"/v1/stop/{deployment.id}") == 410
    assert await owner.refused("DELETE", "/v1/stop/unknown") == 404


async def test_order_wins_over_the_version(platform: Platform, owner: Owner) -> None:
    await owner.has_version(command="false", arguments="--all")
    await owner.made("POST", "/v1/app/my-game/version", VERSION | {"name": "v2"})
    name = await deploy(owner, version_name="v1", command="echo it", arguments="'is  so'")
    await platform.deployment(name).wrote("it is  so")
    latest = platform.deployment(await deploy(owner))
    await latest.reached(Status.ERROR)
    status = await owner.made("GET", f"/v1/status/{latest.id}")
    assert status["app_version"] == "v2"
    assert "registry.edgegap.com/studio/game:1" in status["error_detail"]


async def test_order_that_cannot_be_met_is_refused(owner: Owner) -> None:
    async def refused(**order: Any) -> int:
        return await owner.refused("POST", "/v1/deploy", {"app_name": "my-game"} | order)

    assert await refused() == 404
    await owner.made("POST", "/v1/app", APP)
    assert await refused() == 404
    await owner.made("POST", "/v1/app/my-game/version", VERSION)
    assert await refused(version_name="v9") == 404
    place = {"ip": "192.0.2.1", "latitude": 1.5, "longitude": 2}
    assert await refused(ip_list=["192.0.2.1"], geo_ip_list=[place]) == 400
    assert await refused(tags=["x" * 41]) == 422
    assert await refused(command="'") == 422
    assert await refused(command="\0") == 422
    await owner.made("PATCH", "/v1/app/my-game", {"is_active": False})
    assert await refused() == 409


async def test_list_is_of_what_lives_by_filter(platform: Platform, owner: Owner) -> None:
    await owner.has_version(command=GAME)
    blue, red, gone = [await deploy(owner, tags=[tag]) for tag in ("blue", "red", "red")]
    for name in (blue, red, gone):
        await up(platform, name)
    platform.deployment(gone).stop()
    await platform.deployment(gone).terminated()

    async def listed(**query: Any) -> list[str]:
        answer = await owner.made("GET", "/v1/deployments", query=json.dumps(query))
        return [item["request_id"] for item in answer["data"]]

    def where(field: str, operator: str, value: Any) -> dict[str, Any]:
        return {"filters": [{"field": field, "operator": operator, "value": value}]}

    assert await listed() == [blue, red]
    assert await listed(**where("tags", "contains", "red")) == [red]
    assert await listed(**where("tags", "ncontains", "red")) == [blue]
    assert await listed(**where("request_id", "in", [red])) == [red]
    assert await listed(**where("request_id", "nin", [red])) == [blue]
    assert await listed(**where("status", "eq", "READY")) == [blue, red]
    assert await listed(**where("app_name", "ne", "my-game")) == []
    for operator, chosen in (("lt", []), ("lte", []), ("gt", [blue, red]), ("gte", [blue, red])):
        assert await listed(**where("created_at", operator, "2020")) == chosen
    order = [{"field": "created_at", "order": "desc"}]
    assert await listed(order_by=order) == [red, blue]
    unclear = ("{", '{"filters": [{"field": "x", "operator": "eq", "value": 1}]}')
    for query in (*unclear, json.dumps(where("created_at", "lt", 5))):
        assert await owner.refused("GET", "/v1/deployments", query=query) == 400


async def test_bulk_stop_stops_what_its_filters_choose(platform: Platform, owner: Owner) -> None:
    await owner.has_version(command=GAME)
    both = await deploy(owner, tags=["a", "b"])
    one, other = await deploy(owner, tags=["a"]), await deploy(owner, tags=["c"])

    async def stopped(*filters: tuple[str, str, list[str]]) -> list[str]:
        body = [{"field": f, "filter_type": t, "values": v} for f, t, v in filters]
        answer = await owner.made("POST", "/v1/deployments/bulk-stop", {"filters": body})
        chosen = [item["request_id"] for item in answer["processable"]]
        for name in chosen:
            await platform.deployment(name).terminated()
        return chosen

    assert await stopped(("request_id", "any", ["unknown"])) == []
    assert await stopped(("deployment_tags", "all", ["a", "b"])) == [both]
    tags = ("deployment_tags", "not", ["c"])
    assert await stopped(tags, ("request_id", "any", [one, other])) == [one]
    assert await stopped(("deployment_tags", "any", ["c", "d"])) == [other]


async def test_tags_are_the_owners(platform: Platform, owner: Owner) -> None:
    await owner.has_version(command=GAME)
    name = await deploy(owner, tags=["one", "one"])
    path = f"/v1/deployments/{name}/tags"
    await owner.made("POST", path, {"name": "two"})
    assert await owner.refused("POST", path, {"name": "two"}) == 409
    assert await owner.refused("PATCH", f"{path}/one", {"name": "two"}) == 409
    assert (await owner.made("PATCH", f"{path}/one", {"name": "three"}))["name"] == "three"
    assert await owner.refused("GET", f"{path}/one") == 404
    assert (await owner.made("GET", f"{path}/three"))["name"] == "three"
    assert await owner.call("DELETE", f"{path}/two") == (204, None)
    assert [tag["name"] for tag in (await owner.made("GET", path))["tags"]] == ["three"]
    assert (await owner.made("GET", f"/v1/status/{name}"))["tags"] == ["three"]
    injected = platform.deployment(name).environment["ARBITRIUM_DEPLOYMENT_TAGS"]
    assert injected == "one"
    assert await owner.refused("GET", "/v1/deployments/unknown/tags") == 404


async def test_report_and_joinable_are_taken_down(platform: Platform, owner: Owner) -> None:
    await owner.has_version(command=GAME)
    name = await deploy(owner)
    assert await owner.call("POST", f"/v1/deployments/{name}:report", {"reason": "rude"}) == (
        *(200, None),
    )
    reports = [r for r in platform.records if isinstance(r, Reported)]
    assert [(r.deployment, r.reason) for r in reports] == [(name, "rude")]
    assert await owner.refused("POST", "/v1/deployments/no:report", {"reason": "rude"}) == 400
    for said, known in (({"is_joinable_by_session": True}, True), ({}, True)):
        answer = await owner.made("PATCH", f"/v1/deployments/{name}", said)
        assert answer == {"is_joinable_by_session": known}


async def test_logs_tell_a_crash(platform: Platform, owner: Owner) -> None:
    await owner.has_version(restart_policy="never")
    name = await deploy(owner, command="sh -c 'echo one; printf oops >&2; sleep 1000'")
    await platform.deployment(name).wrote("one")
    await platform.deployment(name).wrote("oops")
    platform.deployment(name).signal(signal.SIGKILL)
    await platform.deployment(name).terminated()
    logs = await owner.made("GET", f"/v1/deployment/{name}/container-logs")
    assert sorted(logs["logs"].splitlines()) == ["one", "oops"]
    assert sorted(logs["crash_logs"].splitlines()) == ["one", "oops"]
    assert logs["crash_data"] == {
        "exit_code": 137,
        "message": "killed by SIGKILL",
        "restart_count": 0,
    }
    failed = await deploy(owner, command="sh -c 'exit 3'")
    await platform.deployment(failed).terminated()
    logs = await owner.made("GET", f"/v1/deployment/{failed}/container-logs")
    assert logs["crash_data"]["message"] == "exit status 3"


async def test_metrics_are_of_the_process_tree(platform: Platform, owner: Owner) -> None:
    await owner.has_version(command=GAME)
    name = await deploy(owner)
    await up(platform, name)
    path = f"/v1/metrics/deployment/{name}"
    await owner.made("GET", path)
    seen = await owner.made("GET", path, steps="1h")
    assert seen["mem"]["datasets"][0] > 100_000
    assert len(seen["mem"]["datasets"]) == len(seen["cpu"]["labels"]) == 1
    assert len((await owner.made("GET", path, steps="1ms"))["mem"]["datasets"]) >= 3
    future = await owner.made("GET", path, start_time="2100-01-01T00:00:00Z")
    past = await owner.made("GET", path, end_time="2000-01-01T00:00:00Z")
    assert future["mem"]["datasets"] == past["mem"]["datasets"] == []
    span = {"start_time": "2100-01-01T00:00:00Z", "end_time": "2100-01-01T00:00:00Z"}
    assert await owner.refused("GET", path, **span) == 422
    assert await owner.refused("GET", path, steps="often") == 422
    assert await owner.refused("GET", path, start_time="2100-01-01T00:00:00") == 422
    assert await owner.refused("GET", path, start_time="soon") == 400


@pytest.mark.parametrize(("form", "end"), [("TEXT", "log"), ("NDJSON", "ndjson")])
async def test_log_goes_to_the_storage_at_the_end(
    platform: Platform, owner: Owner, studio: Web, form: str, end: str
) -> None:
    await owner.has_version(command=GAME, endpoint_storage="my-storage")
    storage = STORAGE | {"endpoint": studio.origin, "output_format": form}
    await owner.made("POST", "/v1/storage/endpoint", storage)
    name = await deploy(owner)
    deployment = await up(platform, name)
    deployment.stop()
    await studio.arrived.wait()
    (call,) = studio.seen
    method, path, body = call
    assert method == "PUT"
    assert path.startswith("/logs/edgegap/arbitrium/local/my-storage/my-game/v1/container_log/")
    assert path.endswith(f"/{name}.{end}")
    if form == "TEXT":
        assert sorted(body.decode().split()) == ["bad", "up"]
    else:
        lines = [json.loads(line) for line in body.splitlines()]
        assert sorted(line["stream"] for line in lines) == ["stderr", "stdout"]


@pytest.mark.parametrize("way", ["unknown storage", "off by order", "off by stop", "refuses"])
async def test_log_that_cannot_be_stored_is_silently_not_there(
    platform: Platform, owner: Owner, studio: Web, way: str
) -> None:
    studio.status = 503
    await owner.has_version(command=GAME, endpoint_storage="my-storage")
    if way != "unknown storage":
        await owner.made("POST", "/v1/storage/endpoint", STORAGE | {"endpoint": studio.origin})
    off = {"enabled": False, "endpoint_storage": "my-storage"}
    name = await deploy(owner, **({"container_log_storage": off} if way == "off by order" else {}))
    deployment = await up(platform, name)
    stop = {"container_log_storage": "false" if way == "off by stop" else "true"}
    await owner.made("DELETE", f"/v1/stop/{name}", **stop)
    await deployment.terminated()
    await platform.settled(name)
    assert len(studio.seen) == (way == "refuses")
    logs = await owner.made("GET", f"/v1/deployment/{name}/container-logs")
    assert logs["logs_link"] is None


async def test_stop_may_name_another_storage(
    platform: Platform, owner: Owner, studio: Web
) -> None:
    await owner.has_version(command=GAME)
    await owner.made("POST", "/v1/storage/endpoint", STORAGE | {"endpoint": studio.origin})
    name = await deploy(owner)
    await up(platform, name)
    await owner.made("DELETE", f"/v1/stop/{name}", container_log_storage="my-storage")
    await platform.settled(name)
    logs = await owner.made("GET", f"/v1/deployment/{name}/container-logs")
    assert logs["logs_link"] == studio.origin + studio.seen[0][1]


async def test_webhook_is_called_at_ready(platform: Platform, owner: Owner, studio: Web) -> None:
    await owner.has_version(command=GAME)
    name = await deploy(owner, webhook_url=f"{studio.origin}/ready")
    await studio.arrived.wait()
    method, path, body = studio.seen[0]
    assert (method, path) == ("POST", "/ready")
    status = json.loads(body)
    assert (status["request_id"], status["current_status"]) == (name, "Status.READY")
    deaf = await deploy(owner, webhook_url="http://127.0.0.1:1/")
    far = await deploy(owner, webhook_url="https://example.com/")
    for deployment in (deaf, far):
        await platform.deployment(deployment).reached(Status.READY)


async def test_finished_deployment_outlives_the_platform(tmp_path: Path) -> None:
    state = str(tmp_path / "state.sqlite")
    async with Platform(state=state, entrypoint=bare) as platform, Owner(platform) as owner:
        await owner.has_version(command="sh -c 'echo up; exit 3'", restart_policy="never")
        name = await deploy(owner, tags=["blue"])
        await platform.settled(name)
        kept = await owner.made("GET", f"/v1/status/{name}")
    async with Platform(state=state) as platform, Owner(platform) as owner:
        assert await owner.made("GET", f"/v1/status/{name}") == kept
        logs = await owner.made("GET", f"/v1/deployment/{name}/container-logs")
        assert (logs["logs"], logs["crash_data"]["exit_code"]) == ("up\n", 3)
        tags = (await owner.made("GET", f"/v1/deployments/{name}/tags"))["tags"]
        assert [tag["name"] for tag in tags] == ["blue"]
        assert await owner.refused("DELETE", f"/v1/stop/{name}") == 410
        assert (await owner.made("GET", f"/v1/metrics/deployment/{name}"))["mem"]["datasets"] == []
