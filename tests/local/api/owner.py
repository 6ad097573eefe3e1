"""A studio's backend: it calls the platform, each answer is held to the document."""

import json
import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import jsonschema_rs

from agent.local.platform import Platform

DOCUMENT = json.loads(
    (Path(__file__).parents[1] / "edgegap-v1.openapi.json").read_text(encoding="utf-8")
)
_UNDOCUMENTED = {404: "no such path", 405: "no such method", 429: "rate limit", 501: "not here"}
_PATHS = sorted(DOCUMENT["paths"], key=lambda path: path.count("{"))  # the concrete ones first

APP = {"name": "my-game", "is_active": True, "image": "iVBORw0KGgo"}
VERSION = {
    "name": "v1",
    "req_cpu": 512,
    "req_memory": 1024,
    "docker_repository": "registry.edgegap.com",
    "docker_image": "studio/game",
    "docker_tag": "1",
}
STORAGE = {
    "name": "my-storage",
    "access_key_id": "the-key",
    "secret_access_key": "the-secret",
    "endpoint": "http://127.0.0.1:9",
    "bucket": "logs",
}
PROFILE = {"name": "config", "source": "/a", "source_type": "File", "destination": "/srv"}


def conforms(method: str, path: str, status: int, body: Any) -> None:
    """Compare an answer with the document's schema for it."""
    template = next(p for p in _PATHS if re.fullmatch(re.sub(r"\{.*?\}", "[^/]+", p), path))
    answers = DOCUMENT["paths"][template][method.lower()]["responses"]
    if str(status) not in answers:
        assert status in _UNDOCUMENTED, f"{method} {path} answered {status}"
        assert list(body) == ["message"]
        return
    content = answers[str(status)].get("content")
    if content is None:
        assert body is None
        return
    schema = content["application/json"]["schema"]
    openapi = json.loads(json.dumps({**schema, "components": DOCUMENT["components"]}))
    jsonschema_rs.validate(_nullable(openapi), body)


def _nullable(schema: Any) -> Any:
    """Write OpenAPI 3.0's ``nullable`` as JSON Schema does."""
    if isinstance(schema, list):
        return [_nullable(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    new = {name: _nullable(part) for name, part in schema.items()}
    if new.pop("nullable", False) is True and "type" in new:
        new["type"] = [new["type"], "null"]
    return new


class Owner:
    """Who has the API token.

    Attributes:
        headers: of the last answer.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._session = aiohttp.ClientSession(
            platform.origin, headers={"Authorization": f"token {platform.api_token}"}
        )
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def call(
        self, method: str, path: str, body: Any = None, **query: str | int
    ) -> tuple[int, Any]:
        """Make a call; return status with body."""
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, path, data=data, params=query) as answer:
            text = await answer.text()
            seen = json.loads(text) if text else None
            self.headers = dict(answer.headers)
            conforms(method, path, answer.status, seen)
            return answer.status, seen

    async def made(self, method: str, path: str, body: Any = None, **query: str | int) -> Any:
        """Make a call that succeeds; return its body."""
        status, seen = await self.call(method, path, body, **query)
        assert status < 300, seen
        return seen

    async def refused(self, method: str, path: str, body: Any = None, **query: str | int) -> int:
        """Make a call that is refused with the ``Error`` body; return its status."""
        status, seen = await self.call(method, path, body, **query)
        assert list(seen) == ["message"]
        return status

    async def has_version(self, **version: Any) -> None:
        """Have an app with one version."""
        await self.made("POST", "/v1/app", APP)
        await self.made("POST", "/v1/app/my-game/version", VERSION | version)
