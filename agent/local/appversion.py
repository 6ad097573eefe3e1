"""The body of ``POST /v1/app/{app}/version``, made of ``edgegap.toml``."""

import math
from pathlib import Path

from agent.errors import SettingsError

from . import manifest
from .manifest import Manifest

_UNITS = 1024  # vCPU units of one vCPU


def body(path: Path) -> dict[str, object]:
    """Return the version that a file describes.

    Raises:
        SettingsError: the file cannot be used, or names no image.
    """
    return describe(manifest.read(path))


def describe(wanted: Manifest) -> dict[str, object]:
    """Return a version for the API; ``restart_policy`` is newer than its document.

    Raises:
        SettingsError: there is no image.
    """
    document = wanted.document
    repository, _, rest = document.image.partition("/")
    image, _, tag = rest.partition(":")
    if not (image and tag):
        raise SettingsError(
            "cannot make a version: edgegap.toml names no image; write "
            'image = "registry.example.com/studio/my-game:1.2.0"'
        )
    return {
        "name": document.version,
        "docker_repository": repository,
        "docker_image": image,
        "docker_tag": tag,
        "req_cpu": round(document.cpu * _UNITS),
        "req_memory": document.memory,
        "max_duration": wanted.max_duration,
        "termination_grace_period_seconds": math.ceil(wanted.grace),
        "restart_policy": document.restart_policy,
        "ports": [
            {
                "name": name,
                "port": port.port,
                "protocol": port.protocol,
                "to_check": port.to_check,
                "tls_upgrade": port.tls_upgrade,
            }
            for name, port in document.ports.items()
        ],
        "envs": [
            {"key": key, "value": value, "is_hidden": False} for key, value in wanted.envs.items()
        ],
    }
