"""What the store keeps of apps, versions, storages; times are RFC 3339."""

from msgspec import Struct

from . import bodies


class App(bodies.NewApp, kw_only=True):
    """Schema ``Application``."""

    create_time: str
    last_updated: str


class Version(bodies.NewVersion, kw_only=True):
    """Schema ``AppVersionPayload``, with what its answers keep back."""

    is_active: bool = True
    max_duration: bodies.Minutes = 1440
    restart_policy: bodies.Policy = "always"
    create_time: str
    last_updated: str


class Storage(bodies.NewStorage, kw_only=True):
    """Schema ``EndpointStorage``, with the key that its answers keep back."""

    create_time: str
    last_updated: str


class Profile(bodies.NewProfile, kw_only=True):
    """Schema ``PullProfile``."""

    create_time: str
    last_updated: str


class Link(Struct, kw_only=True):
    """A pull profile's use by a version."""

    app: str
    app_version: str
    endpoint: str
    pull_profile: str
    create_time: str
    last_updated: str


class Tag(bodies.Tag, kw_only=True):
    """Schema ``DeploymentTagResponse``."""

    create_time: str
    last_updated: str
