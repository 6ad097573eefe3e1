"""Whose account objects of Google's cloud or of Azure are written with."""

from collections.abc import Mapping
from dataclasses import dataclass

from .. import journal
from ..errors import SettingsError
from .address import Address

OURS = "AGENT_LOG_"
"""Before a cloud's own names: those without it may be the game's, so they are read after."""

_HIDDEN = ("key", "secret", "token")


@dataclass(frozen=True, slots=True)
class Cloud:
    """What differs from one cloud to the other.

    Attributes:
        title: for people.
        prefix: of its variables; ours have `OURS` before it.
        names: of the variables that say who we are, without the prefix.
        endpoint: its option for an address that is not the usual one.
        right: what is to be allowed.
    """

    title: str
    prefix: str
    names: frozenset[str]
    endpoint: str
    right: str


GOOGLE = Cloud(
    "Google Cloud Storage",
    "GOOGLE_",
    frozenset({"SERVICE_ACCOUNT", "SERVICE_ACCOUNT_PATH", "SERVICE_ACCOUNT_KEY",
               "APPLICATION_CREDENTIALS", "BEARER_TOKEN"}),
    "google_base_url",
    "storage.objects.create",
)  # fmt: skip
AZURE = Cloud(
    "Azure Blob Storage",
    "AZURE_",
    frozenset({"STORAGE_ACCOUNT_NAME", "STORAGE_ACCOUNT_KEY", "STORAGE_SAS_TOKEN",
               "STORAGE_CLIENT_ID", "STORAGE_CLIENT_SECRET", "STORAGE_TENANT_ID",
               "CLIENT_ID", "CLIENT_SECRET", "TENANT_ID", "FEDERATED_TOKEN_FILE",
               "AUTHORITY_HOST"}),
    "azure_storage_endpoint",
    "Storage Blob Data Contributor",
)  # fmt: skip


def configured(place: Address, cloud: Cloud, found: Mapping[str, str]) -> dict[str, str]:
    """Return obstore's configuration; what is a credential in it is masked from now on.

    obstore reads the cloud's own variables by itself, too, where they are not given here.

    Args:
        place: the URL; of Azure it may hold account with key.
        cloud: whose.
        found: every variable.

    Raises:
        SettingsError: nobody says which account.
    """
    config = _account(place, cloud) or _taken(cloud, found)
    if cloud is AZURE and "azure_storage_account_name" not in config:
        raise SettingsError(
            f"cannot use {place.name}: its account is unknown; set"
            f" {OURS}AZURE_STORAGE_ACCOUNT_NAME, or write az://ACCOUNT:KEY@container/prefix"
        )
    for name, value in config.items():
        if any(word in name for word in _HIDDEN) and "file" not in name:
            journal.mask(value)
    if endpoint := place.options.get("endpoint", ""):
        config[cloud.endpoint] = endpoint if "://" in endpoint else f"https://{endpoint}"
    return config


def _account(place: Address, cloud: Cloud) -> dict[str, str]:
    if not place.user:
        return {}
    if cloud is GOOGLE:
        raise SettingsError(
            f"cannot use {place.name}: Google knows no user with a password; set"
            f" {OURS}GOOGLE_SERVICE_ACCOUNT_KEY"
        )
    return {
        "azure_storage_account_name": place.user,
        "azure_storage_account_key": place.password,
    }


def _taken(cloud: Cloud, found: Mapping[str, str]) -> dict[str, str]:
    """Return all of ours, or where there are none all of the cloud's own."""
    for prefix in (f"{OURS}{cloud.prefix}", cloud.prefix):
        taken = {
            f"{cloud.prefix}{name}".lower(): found[prefix + name].strip()
            for name in sorted(cloud.names)
            if found.get(prefix + name, "").strip()
        }
        if taken:
            return taken
    return {}
