"""A deployment in the shape of an Agones GameServer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ..core.options import Options
from ..core.snapshot import GameServerStatus, Status

SDK_PREFIX = "agones.dev/sdk-"  # what the SDK's labels and annotations get
_OURS = "edgegap.com/"
_LAST_ALLOCATED = "agones.dev/last-allocated"


class Shape:
    """What stays the same of it for the whole life of the container."""

    def __init__(
        self,
        deployment: Mapping[str, object],
        match: Mapping[str, object] | None,
        options: Options,
        created_at: datetime,
    ) -> None:
        """Take what the variables tell.

        Args:
            deployment: as `GET /v1/deployment` answers it.
            match: what the matchmaker told, None where none was at work.
            options: the settings.
            created_at: when the container was started.
        """
        self._name = str(deployment.get("request_id") or "local")
        self._address = str(deployment.get("public_ip") or "127.0.0.1")
        self._ports = _ports(deployment.get("ports"))
        self._labels = _labels(deployment.get("tags"))
        self._annotations = _annotations(deployment.get("location"), match or {})
        self._created = str(int(created_at.timestamp()))
        self._options = options

    def fill(self, status: Status) -> dict[str, object]:
        """Return the GameServer: int64 as texts, int32 as numbers, empty fields written out."""
        server = _required(status)
        labels = {f"{SDK_PREFIX}{key}": value for key, value in server.labels.items()}
        notes = {f"{SDK_PREFIX}{key}": value for key, value in server.annotations.items()}
        if server.allocated_seconds_ago is not None:
            at = datetime.now(UTC) - timedelta(seconds=server.allocated_seconds_ago)
            notes[_LAST_ALLOCATED] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "object_meta": {
                "name": self._name,
                "namespace": "default",
                "uid": self._name,
                "resource_version": str(status.revision),
                "generation": "1",
                "creation_timestamp": self._created,
                "deletion_timestamp": "0",
                "annotations": {**self._annotations, **notes},
                "labels": {**self._labels, **labels},
            },
            "spec": {"health": self._health()},
            "status": {
                "state": server.state,
                "address": self._address,
                "addresses": [],
                "ports": self._ports,
                "players": _players(status),
                "counters": {
                    name: {"count": str(count), "capacity": str(capacity)}
                    for name, (count, capacity) in server.counters.items()
                },
                "lists": {
                    name: {"capacity": str(capacity), "values": list(values)}
                    for name, (capacity, values) in server.lists.items()
                },
            },
        }

    def _health(self) -> dict[str, object]:
        period = max(1, round(self._options.health_period))
        return {
            "disabled": False,
            "period_seconds": period,
            "failure_threshold": max(1, round(self._options.health_timeout / period)),
            "initial_delay_seconds": round(self._options.health_delay),
        }


def _required(status: Status) -> GameServerStatus:
    if status.agones is None:
        raise AssertionError("the face is on, so the status has it")
    return status.agones


def _ports(told: object) -> list[dict[str, object]]:
    """Return the external ports: as Agones' own, they are those that players connect to."""
    ports = told if isinstance(told, dict) else {}
    found: list[dict[str, object]] = []
    for name, port in ports.items():
        number = port.get("external") or port.get("internal")
        if number:
            found.append({"name": str(name), "port": number})
    return found


def _labels(tags: object) -> dict[str, str]:
    names = tags if isinstance(tags, list | tuple) else ()
    return {f"{_OURS}tag-{tag}": "true" for tag in names}


def _annotations(location: object, match: Mapping[str, object]) -> dict[str, str]:
    place = location if isinstance(location, dict) else {}
    told = {
        "city": place.get("city"),
        "country": place.get("country"),
        "match-id": match.get("id"),
        "match-profile": match.get("profile"),
    }
    return {f"{_OURS}{name}": str(value) for name, value in told.items() if value}


def _players(status: Status) -> dict[str, object] | None:
    players = status.players
    if players.source != "api" and players.capacity is None:
        return None
    return {
        "count": str(players.count or 0),
        "capacity": str(players.capacity or 0),
        "ids": list(players.ids),
    }
