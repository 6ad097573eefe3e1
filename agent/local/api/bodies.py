"""The bodies that callers send, with the bounds of the platform's OpenAPI document.

``command``, ``arguments`` with ``restart_policy`` of a version are extensions: the first two say
what a laptop runs in place of an image, the third is of the platform's document of 2026-06.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

_SEGMENT = r"^(?!\.{0,2}$)"  # a name is part of paths, in which the dots and nothing vanish

Name = Annotated[str, Meta(pattern=_SEGMENT)]
AppName = Annotated[str, Meta(min_length=3, max_length=64)]
VersionName = Annotated[str, Meta(min_length=1, max_length=64, pattern=_SEGMENT)]
TagName = Annotated[str, Meta(min_length=1, max_length=40, pattern=_SEGMENT)]
PortNumber = Annotated[int, Meta(ge=0, le=59_999)]
Units = Annotated[int, Meta(ge=100)]
Minutes = Annotated[int, Meta(ge=-1, le=1440)]
Grace = Annotated[int, Meta(ge=5, le=3600)]
Policy = Literal["always", "never", "on_failure"]
Format = Literal["TEXT", "NDJSON"]
SourceType = Literal["File", "Folder"]
Match = Literal["any", "all", "not"]


class NewApp(Struct, kw_only=True):
    """Body of ``application-create``."""

    name: AppName
    is_active: bool
    image: str


class AppChange(Struct, kw_only=True):
    """Body of ``application-update``."""

    name: AppName | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    image: str | UnsetType = UNSET


class Port(Struct, kw_only=True):
    """Schema ``AppVersionPort``."""

    port: PortNumber
    protocol: str
    to_check: bool = True
    tls_upgrade: bool = False
    name: str | UnsetType = UNSET


class Variable(Struct, kw_only=True):
    """Schema ``InjectedEnvVariable``; its value is at most 4 KB."""

    key: str
    value: Annotated[str, Meta(max_length=4096)]
    is_hidden: bool = False


class VersionChange(Struct, kw_only=True):
    """Body of ``app-version-update``."""

    name: VersionName | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    req_cpu: Units | UnsetType = UNSET
    req_memory: Units | UnsetType = UNSET
    req_video: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    docker_repository: str | UnsetType = UNSET
    private_username: str | UnsetType = UNSET
    private_token: str | UnsetType = UNSET
    docker_image: str | UnsetType = UNSET
    docker_tag: str | UnsetType = UNSET
    verify_image: bool | UnsetType = UNSET
    force_cache: bool | UnsetType = UNSET
    time_to_deploy: Annotated[int, Meta(ge=15)] | UnsetType = UNSET
    max_duration: Minutes | UnsetType = UNSET
    termination_grace_period_seconds: Grace | UnsetType = UNSET
    will_deploy_in_mainland_china: bool | UnsetType = UNSET
    dns_config: str | UnsetType = UNSET
    ports: list[Port] | UnsetType = UNSET
    envs: list[Variable] | UnsetType = UNSET
    endpoint_storage: str | UnsetType = UNSET
    restart_policy: Policy | UnsetType = UNSET
    command: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET


class NewVersion(VersionChange, kw_only=True):
    """Body of ``app-version-create``."""

    name: VersionName
    req_cpu: Units
    req_memory: Units
    docker_repository: str
    docker_image: str
    docker_tag: str


class NewStorage(Struct, kw_only=True):
    """Body of ``endpoint-create``."""

    name: Name
    access_key_id: str
    secret_access_key: str
    endpoint: str
    bucket: str
    output_format: Format = "TEXT"


class StorageChange(Struct, kw_only=True):
    """Body of ``endpoint-update``."""

    name: Name | UnsetType = UNSET
    access_key_id: str | UnsetType = UNSET
    secret_access_key: str | UnsetType = UNSET
    endpoint: str | UnsetType = UNSET
    bucket: str | UnsetType = UNSET
    output_format: Format | UnsetType = UNSET


class NewProfile(Struct, kw_only=True):
    """Body of ``pull-profile-create``."""

    name: Name
    source: str
    source_type: SourceType
    destination: str


class ProfileChange(Struct, kw_only=True):
    """Body of ``pull-profile-update``; the document leaves its schema open."""

    name: Name | UnsetType = UNSET
    source: str | UnsetType = UNSET
    source_type: SourceType | UnsetType = UNSET
    destination: str | UnsetType = UNSET


class Tag(Struct, kw_only=True):
    """Schema ``DeploymentTag``."""

    name: TagName


class User(Struct, kw_only=True):
    """One player's place, in a deploy order."""

    ip: str
    latitude: float
    longitude: float


class LocationFilter(Struct, kw_only=True):
    """Schema ``V1DeployFilter``."""

    field: str
    values: list[str]
    filter_type: Match


class LogStorage(Struct, kw_only=True):
    """Where a deploy order wants its logs."""

    enabled: bool
    endpoint_storage: str


class Order(Struct, kw_only=True):
    """Body of ``deployment-create``."""

    app_name: str
    version_name: str | UnsetType = UNSET
    ip_list: list[str] = []
    geo_ip_list: list[User] = []
    filters: list[LocationFilter] = []
    env_vars: list[Variable] = []
    tags: list[str] = []
    webhook_url: str | UnsetType = UNSET
    container_log_storage: LogStorage | UnsetType = UNSET
    command: str | None = None
    arguments: str | None = None


class StopFilter(Struct, kw_only=True):
    """One condition of a bulk stop."""

    field: Literal["request_id", "deployment_tags"]
    values: list[str]
    filter_type: Match


class BulkStop(Struct, kw_only=True):
    """Body of ``deployment-bulk-delete``; all filters have to hold."""

    filters: list[StopFilter]


class Report(Struct, kw_only=True):
    """Body of ``deployment-report``."""

    reason: Annotated[str, Meta(min_length=1, max_length=255)]
    metadata: dict[str, Any] = {}


class Joinable(Struct, kw_only=True):
    """Body of ``deployment-update``."""

    is_joinable_by_session: bool | UnsetType = UNSET
