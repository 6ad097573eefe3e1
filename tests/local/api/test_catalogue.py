"""Apps, versions, storages, pull profiles are kept as the document says."""

from pathlib import Path
from typing import Any

import pytest

from agent.local.api.deploymentstatus import DeploymentStatus
from agent.local.api.dossier import Finished
from agent.local.api.logbook import Log
from agent.local.api.store import MOST_FINISHED, Store
from agent.local.platform import Platform
from tests.local.api.owner import APP, PROFILE, STORAGE, VERSION, Owner

OF_APP, OF_STORAGE = "/v1/app/my-game", "/v1/storage/endpoint/my-storage"


async def test_app_is_made_changed_renamed_deleted(owner: Owner) -> None:
    made = await owner.made("POST", "/v1/app", APP)
    assert {name: made[name] for name in APP} == APP
    assert await owner.refused("POST", "/v1/app", APP) == 409
    assert (await owner.made("PATCH", OF_APP, {"is_active": False}))["is_active"] is False
    await owner.made("POST", f"{OF_APP}/version", VERSION)
    await owner.made("PATCH", OF_APP, {"name": "renamed"})
    assert await owner.refused("GET", OF_APP) == 404
    assert (await owner.made("GET", "/v1/app/renamed"))["is_active"] is False
    assert (await owner.made("GET", "/v1/app/renamed/version/v1"))["name"] == "v1"
    await owner.made("POST", "/v1/app", APP)
    assert await owner.refused("PATCH", OF_APP, {"name": "renamed"}) == 409
    assert await owner.call("DELETE", "/v1/app/renamed") == (200, None)
    assert await owner.refused("DELETE", "/v1/app/renamed") == 404
    assert await owner.refused("GET", "/v1/app/renamed/versions") == 404


async def test_version_keeps_its_secrets_back(owner: Owner) -> None:
    envs = [
        {"key": "MAP", "value": "airport", "is_hidden": False},
        {"key": "KEY", "value": "hush", "is_hidden": True},
    ]
    await owner.has_version(envs=envs, private_token="hush", termination_grace_period_seconds=30)
    for seen in (
        await owner.made("GET", f"{OF_APP}/version/v1"),
        (await owner.made("PATCH", f"{OF_APP}/version/v1", {"force_cache": True}))["version"],
        (await owner.made("GET", f"{OF_APP}/versions"))["versions"][0],
    ):
        assert "hush" not in str(seen)
        assert [env["value"] for env in seen["envs"]] == ["airport", ""]
        assert seen["termination_grace_period_seconds"] == 30
        assert (seen["max_duration"], seen["restart_policy"]) == (1440, "always")


async def test_version_is_made_changed_deleted(owner: Owner) -> None:
    path = f"{OF_APP}/version"
    assert await owner.refused("POST", path, VERSION) == 404
    await owner.has_version(restart_policy="never")
    assert await owner.refused("POST", path, VERSION) == 409
    assert await owner.refused("POST", path, VERSION | {"name": "v2", "req_memory": 1025}) == 400
    await owner.made("POST", path, VERSION | {"name": "v2"})
    assert await owner.refused("PATCH", f"{path}/v2", {"name": "v1"}) == 400
    done = await owner.made("PATCH", f"{path}/v2", {"name": "v3", "max_duration": 5})
    assert (done["version"]["name"], done["version"]["max_duration"]) == ("v3", 5)
    assert await owner.made("DELETE", f"{path}/v3") == {"success": True}
    assert await owner.refused("DELETE", f"{path}/v3") == 404
    listed = (await owner.made("GET", f"{OF_APP}/versions"))["versions"]
    assert [(v["name"], v["restart_policy"]) for v in listed] == [("v1", "never")]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/app", {**APP, "name": "ab"}),
        ("/v1/app", {**APP, "is_active": 1}),
        ("/v1/app", {"name": "no-image"}),
        ("/v1/app", "no object"),
        (f"{OF_APP}/version", {**VERSION, "req_cpu": 99}),
        (f"{OF_APP}/version", {**VERSION, "termination_grace_period_seconds": 4}),
        (f"{OF_APP}/version", {**VERSION, "max_duration": 1441}),
        (f"{OF_APP}/version", {**VERSION, "ports": [{"port": 60_000, "protocol": "UDP"}]}),
        (f"{OF_APP}/version", {**VERSION, "restart_policy": "sometimes"}),
        (f"{OF_APP}/version", {**VERSION, "envs": [{"key": "K", "value": "x" * 4097}]}),
        ("/v1/storage/endpoint", {**STORAGE, "output_format": "XML"}),
        ("/v1/storage/endpoint", {**STORAGE, "name": ".."}),
    ],
)
async def test_body_outside_the_document_is_refused(owner: Owner, path: str, body: Any) -> None:
    assert await owner.refused("POST", path, body) == 400


async def test_storage_keeps_its_key_back(owner: Owner) -> None:
    made = await owner.made("POST", "/v1/storage/endpoint", STORAGE)
    assert made["output_format"] == "TEXT"
    assert await owner.refused("POST", "/v1/storage/endpoint", STORAGE) == 400
    changed = await owner.made("PATCH", OF_STORAGE, {"output_format": "NDJSON"})
    assert (changed["output_format"], changed["bucket"]) == ("NDJSON", "logs")
    (listed,) = (await owner.made("GET", "/v1/storage/endpoints"))["endpoints"]
    assert listed == await owner.made("GET", OF_STORAGE) == changed
    assert "the-secret" not in str([made, listed])
    await owner.made("POST", "/v1/storage/endpoint", STORAGE | {"name": "other"})
    assert await owner.refused("PATCH", OF_STORAGE, {"name": "other"}) == 400
    assert await owner.call("DELETE", OF_STORAGE) == (204, None)
    assert await owner.refused("DELETE", OF_STORAGE) == 404
    assert await owner.refused("GET", OF_STORAGE) == 404


async def test_pull_profile_is_linked_to_a_version(owner: Owner) -> None:
    await owner.has_version()
    path = f"{OF_STORAGE}/pull-profile"
    link = f"{path}/config/app/my-game/version/v1"
    assert await owner.refused("POST", path, PROFILE) == 404
    await owner.made("POST", "/v1/storage/endpoint", STORAGE)
    await owner.made("POST", path, PROFILE)
    assert await owner.refused("POST", path, PROFILE) == 400
    await owner.made("POST", path, PROFILE | {"name": "other"})
    assert await owner.refused("PATCH", f"{path}/other", {"name": "config"}) == 400
    assert (await owner.made("PATCH", f"{path}/config", {"source": "/b"}))["source"] == "/b"
    assert (await owner.made("GET", f"{path}/config"))["source"] == "/b"
    first = await owner.made("PUT", link)
    assert (first["app"], first["app_version"], first["pull_profile"]) == (
        *("my-game", "v1", "config"),
    )
    assert await owner.made("PUT", link) == first
    assert await owner.call("DELETE", link) == (204, None)
    assert await owner.refused("DELETE", link) == 404
    assert await owner.call("DELETE", f"{path}/config") == (204, None)
    names = [p["name"] for p in (await owner.made("GET", f"{path}s"))["pull_profiles"]]
    assert names == ["other"]
    assert await owner.refused("GET", f"{path}/config") == 404


async def test_lists_come_in_pages(owner: Owner) -> None:
    for number in range(5):
        await owner.made("POST", "/v1/app", APP | {"name": f"app-{number}"})
    seen = []
    for page in (1, 2, 3, 9):
        answer = await owner.made("GET", "/v1/apps", page=page, limit=2)
        place = answer["pagination"]
        assert (answer["total_count"], place["paginator"]["num_pages"]) == (5, 3)
        names = [app["name"] for app in answer["applications"]]
        seen.append((names, place["previous_page_number"], place["next_page_number"]))
    assert seen == [
        (["app-0", "app-1"], None, 2),
        (["app-2", "app-3"], 1, 3),
        (["app-4"], 2, None),
        ([], 3, None),
    ]
    for wrong in ("0", "x", "1.5"):
        assert await owner.refused("GET", "/v1/apps", page=wrong) == 400


async def test_state_file_outlives_the_platform(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    for turn in range(2):
        async with Platform(state=str(state)) as platform, Owner(platform) as owner:
            if turn == 0:
                await owner.has_version()
                await owner.made("POST", "/v1/storage/endpoint", STORAGE)
            assert (await owner.made("GET", f"{OF_APP}/version/v1"))["docker_tag"] == "1"
            assert (await owner.made("GET", OF_STORAGE))["bucket"] == "logs"
    assert state.stat().st_mode & 0o777 == 0o600


def test_oldest_of_too_many_finished_deployments_go() -> None:
    store, most = Store(), MOST_FINISHED
    for number in range(most + 2):
        store.finish(str(number), finished(str(number)))
    names = [kept.status.request_id for kept in store.deployments.all()]
    store.close()
    assert names == [str(number) for number in range(2, most + 2)]


def finished(name: str) -> Finished:
    status = DeploymentStatus(
        request_id=name,
        fqdn="",
        app_name="",
        app_version="",
        current_status="Status.TERMINATED",
        running=False,
        start_time="",
        elapsed_time=0,
        max_duration=0,
        error=False,
        ports={},
        location={},
        tags=[],
        command="",
    )
    return Finished(status=status, log=Log(lines=[], crash=None), logs_link=None)
