"""The table of operations, by the names that the document gives them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from . import (
    apps,
    bodies,
    deploying,
    deployments,
    places,
    profiles,
    queries,
    stopping,
    storages,
    tags,
    versions,
)
from .hall import Hall
from .replies import Call, RefusedError, Reply

Handler = Callable[[Hall, Call[Any, Any]], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        name: the document's ``operationId``.
        path: with ``{parameters}``.
        handle: does it.
        body: what it takes; None for nothing.
        query: what its query may say.
        rate: calls in a second, as the document's text states it; None for any number.
        has_own_token: it judges the caller's token by itself.
    """

    name: str
    method: str
    path: str
    handle: Handler
    body: type[Struct] | None = None
    query: type[Struct] = queries.Nothing
    rate: int | None = None
    has_own_token: bool = False


async def _absent(_hall: Hall, call: Call[Any, Any]) -> Reply:
    """Answer for what a laptop has none of."""
    raise RefusedError(501, f"cannot serve {call.request.path}: not part of the local platform")


_APP, _VERSION = "/v1/app/{app_name}", "/v1/app/{app_name}/version/{version_name}"
_DEPLOYMENT = "/v1/deployments/{deployment_id}"
_TAG = f"{_DEPLOYMENT}/tags/{{tag_name}}"
_STORAGE = "/v1/storage/endpoint/{endpoint_name}"
_PROFILE = f"{_STORAGE}/pull-profile/{{pull_profile_name}}"
_LINK = f"{_PROFILE}/app/{{app_name}}/version/{{version_name}}"
_IMAGE = "/v1/container-registry/images/{image_name}/tags"
_RELAYS, _RELAY = "/v1/relays/sessions", "/v1/relays/sessions/{session_id}"
_PAGE, _OWN = queries.Page, "deployment-self-delete"

OPERATIONS: tuple[Operation, ...] = (
    Operation("application-create", "POST", "/v1/app", apps.create, bodies.NewApp),
    Operation("application-get", "GET", _APP, apps.get),
    Operation("application-update", "PATCH", _APP, apps.update, bodies.AppChange),
    Operation("application-delete", "DELETE", _APP, apps.delete),
    Operation("application-list", "GET", "/v1/apps", apps.listed, query=_PAGE),
    Operation(
        *("app-version-create", "POST", f"{_APP}/version", versions.create, bodies.NewVersion)
    ),
    Operation("app-version-get", "GET", _VERSION, versions.get),
    Operation("app-version-update", "PATCH", _VERSION, versions.update, bodies.VersionChange),
    Operation("app-version-delete", "DELETE", _VERSION, versions.delete),
    Operation("app-version-list", "GET", f"{_APP}/versions", versions.listed, query=_PAGE),
    Operation("deployment-tag-create", "POST", f"{_DEPLOYMENT}/tags", tags.create, bodies.Tag),
    Operation("deployment-tag-list", "GET", f"{_DEPLOYMENT}/tags", tags.listed, query=_PAGE),
    Operation("deployment-tag-get", "GET", _TAG, tags.get),
    Operation("deployment-tag-update", "PATCH", _TAG, tags.update, bodies.Tag),
    Operation("deployment-tag-delete", "DELETE", _TAG, tags.delete),
    Operation("deployment-get", "GET", "/v1/status/{deployment_id}", deployments.get, rate=20),
    Operation(
        *("deployment-list", "GET", "/v1/deployments", deployments.listed),
        query=queries.DeploymentsPage,
        rate=10,
    ),
    Operation(
        *("deployment-delete", "DELETE", "/v1/stop/{deployment_id}", stopping.stop),
        query=queries.Stop,
    ),
    Operation(
        *("deployment-bulk-delete", "POST", "/v1/deployments/bulk-stop", stopping.stop_many),
        bodies.BulkStop,
    ),
    Operation(
        *(_OWN, "DELETE", "/v1/self/stop/{deployment_id}/{stop_key}", stopping.self_stop),
        query=queries.Stop,
        has_own_token=True,
    ),
    Operation(
        *("deployment-logs-get", "GET", "/v1/deployment/{deployment_id}/container-logs"),
        deployments.logs,
    ),
    Operation(
        *("deployment-metrics-get", "GET", "/v1/metrics/deployment/{deployment_id}"),
        deployments.metrics,
        query=queries.Span,
    ),
    Operation(
        *("deployment-report", "POST", f"{_DEPLOYMENT}:report", deployments.report, bodies.Report)
    ),
    Operation("deployment-create", "POST", "/v1/deploy", deploying.create, bodies.Order, rate=40),
    Operation(
        *("deployment-update", "PATCH", "/v1/deployments/{request_id}", deployments.update),
        bodies.Joinable,
    ),
    Operation("location-list", "GET", "/v1/locations", places.listed, query=queries.LocationsPage),
    Operation("beacon-list", "GET", "/v1/locations/beacons", places.beacons, query=_PAGE),
    Operation(
        *("pull-profile-create", "POST", f"{_STORAGE}/pull-profile", profiles.create),
        bodies.NewProfile,
    ),
    Operation("pull-profile-get", "GET", _PROFILE, profiles.get),
    Operation("pull-profile-update", "PATCH", _PROFILE, profiles.update, bodies.ProfileChange),
    Operation("pull-profile-delete", "DELETE", _PROFILE, profiles.delete),
    Operation(
        "pull-profile-list", "GET", f"{_STORAGE}/pull-profiles", profiles.listed, query=_PAGE
    ),
    Operation("pull-profile-link-app-version", "PUT", _LINK, profiles.link),
    Operation("pull-profile-unlink-app-version", "DELETE", _LINK, profiles.unlink),
    Operation(
        "endpoint-create", "POST", "/v1/storage/endpoint", storages.create, bodies.NewStorage
    ),
    Operation("endpoint-get", "GET", _STORAGE, storages.get),
    Operation("endpoint-update", "PATCH", _STORAGE, storages.update, bodies.StorageChange),
    Operation("endpoint-delete", "DELETE", _STORAGE, storages.delete),
    Operation("endpoints-list", "GET", "/v1/storage/endpoints", storages.listed, query=_PAGE),
    Operation("registry-image-tag-list", "GET", _IMAGE, _absent),
    Operation("registry-image-tag-delete", "DELETE", f"{_IMAGE}/{{tag_name}}", _absent),
    Operation("relay-session-create", "POST", _RELAYS, _absent),
    Operation("relay-session-list", "GET", _RELAYS, _absent),
    Operation("relay-session-get", "GET", _RELAY, _absent),
    Operation("relay-session-delete", "DELETE", _RELAY, _absent),
    Operation("relay-user-authorize", "POST", f"{_RELAYS}:authorize-user", _absent),
    Operation("relay-user-revoke", "POST", f"{_RELAYS}:revoke-user", _absent),
)
