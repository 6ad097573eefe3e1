"""The platform against its OpenAPI document, by schemathesis: ``make contract``.

The document, edgegap-v1.openapi.json, is the vendor's public one of 2026-04-24, unchanged.
"""

import asyncio
import itertools
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from agent.local.platform import Platform

HERE = Path(__file__).parent
DOCUMENT = HERE / "edgegap-v1.openapi.json"
_SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
_ABSENT = ("Container Registry", "Relays")  # 501 here, which the document does not know

_SEED = {
    "app": {"name": "known-app", "is_active": True, "image": ""},
    "version": {
        "name": "known-version",
        "req_cpu": 1024,
        "req_memory": 1024,
        "docker_repository": "localhost",
        "docker_image": "game",
        "docker_tag": "1",
        "command": "sleep 1000",
    },
    "storage": {
        "name": "known-storage",
        "access_key_id": "id",
        "secret_access_key": "secret",
        "endpoint": "http://store.invalid",
        "bucket": "bucket",
    },
    "profile": {
        "name": "known-profile",
        "source": "/a",
        "source_type": "File",
        "destination": "/",
    },
}


@dataclass(frozen=True)
class Outcome:
    """How a run of schemathesis ended."""

    status: int
    output: str


async def hold(*options: str, known: bool) -> Outcome:
    """Hold a fresh platform to the document.

    Args:
        options: schemathesis's own.
        known: the calls' paths name things that are there, else they are drawn.
    """
    seconds = itertools.count()
    # No agent is needed here; a look at this clock is a second, so that no limit is reached.
    async with Platform(entrypoint=_bare, now=lambda: float(next(seconds))) as platform:
        deployment, stop_key = await _seed(platform)
        config = (
            (HERE / "contract.toml")
            .read_text(encoding="utf-8")
            .replace("contract_hooks.py", str(HERE / "contract_hooks.py"))
        )
        if known:
            config += _known(deployment, stop_key)
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(config)
            file.flush()
            excluded = [f"--exclude-tag={tag}" for tag in _ABSENT]
            if known:  # or what is known would soon be unknown
                excluded.append("--exclude-method=DELETE")
            process = await asyncio.create_subprocess_exec(
                *(_SCHEMATHESIS, f"--config-file={file.name}", "--no-color", "run", DOCUMENT),
                *(
                    f"--url={platform.origin}",
                    f"--header=Authorization:token {platform.api_token}",
                ),
                *excluded,
                *options,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=tempfile.gettempdir(),
                env={**_environ(), "KNOWN": "1" if known else ""},
            )
            output, _ = await process.communicate()
    return Outcome(process.returncode or 0, output.decode(errors="replace"))


def _environ() -> dict[str, str]:
    """Return our environment, less what makes coverage measure schemathesis too."""
    return {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE_")}


def _bare(*command: str) -> list[str]:
    return ["sleep", "1000"] if command else []


async def _seed(platform: Platform) -> tuple[str, str]:
    headers = {"Authorization": f"token {platform.api_token}"}
    async with aiohttp.ClientSession(
        platform.origin, headers=headers, raise_for_status=True
    ) as session:

        async def post(path: str, body: object) -> str:
            async with session.post(path, json=body) as answer:
                return str((await answer.json()).get("request_id"))

        await post("/v1/app", _SEED["app"])
        await post("/v1/app/known-app/version", _SEED["version"])
        await post("/v1/storage/endpoint", _SEED["storage"])
        await post("/v1/storage/endpoint/known-storage/pull-profile", _SEED["profile"])
        name = await post("/v1/deploy", {"app_name": "known-app", "tags": ["known-tag"]})
    return name, platform.deployment(name).identity.stop_key


def _known(deployment: str, stop_key: str) -> str:
    names = {
        "deployment_id": deployment,
        "request_id": deployment,
        "stop_key": stop_key,
        "app_name": "known-app",
        "version_name": "known-version",
        "tag_name": "known-tag",
        "endpoint_name": "known-storage",
        "pull_profile_name": "known-profile",
    }
    lines = "\n".join(f'"path.{name}" = "{value}"' for name, value in names.items())
    return f"\n[parameters]\n{lines}\n"


async def main(options: list[str]) -> int:
    """Hold the platform to the document, with drawn names, then with known ones."""
    worst = 0
    for known in (False, True):
        outcome = await hold(*options, known=known)
        sys.stdout.write(outcome.output)
        worst = max(worst, outcome.status)
    return worst


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
