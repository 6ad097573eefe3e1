"""Who plays the game cannot read what only the agent may know."""

import asyncio
import base64
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from agent.local.platform import Platform
from agent.local.version import Version

from .inside import GAMES, QUICK, call, kill_agent, url_of
from .unprivileged import install

NOBODY = 1000


@pytest.fixture
def opened() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="agent-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def needles(*secrets: str) -> list[bytes]:
    """Return each secret plain, URL-encoded, in base64 at each alignment."""
    forms = set()
    for secret in secrets:
        raw = secret.encode()
        forms |= {raw, quote(secret, safe="").encode()}
        for before in range(3):
            coded = base64.b64encode(b"\0" * before + raw)
            forms.add(coded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6])
    return sorted(forms)


@pytest.mark.parametrize("deaths", [0, 5])
async def test_game_of_the_same_uid_finds_no_token_anywhere(opened: Path, deaths: int) -> None:
    """The game looks at every process, answer and file from its first instruction on."""
    if os.getuid() != 0:
        pytest.skip("needs root to become another uid")
    entrypoint = install(opened)
    shutil.copy(GAMES / "burglar.py", opened / "burglar.py")
    hint = opened / "needles"
    version = Version(
        command=(str(entrypoint), str(opened / "bin/python3"), str(opened / "burglar.py")),
        env={**QUICK, "AGENT_GRACE": "10s", "BURGLAR_NEEDLES": str(hint)},
        grace=10.0,
        uid=NOBODY,
        cwd=opened,
    )
    async with Platform(hears_lines=False) as platform, aiohttp.ClientSession() as session:
        deployment = await platform.deploy(version)
        url = await url_of(deployment)
        await call(session, "POST", f"{url}/v1/ready")
        for _ in range(deaths):
            await kill_agent(deployment)
            await call(session, "GET", f"{url}/healthz")
        identity = deployment.identity
        tokens = needles(identity.delete_token, identity.context_token)
        lines = [bytes(byte ^ 1 for byte in needle).hex() for needle in tokens]
        written = opened / "needles.new"
        await asyncio.to_thread(written.write_text, "\n".join(lines))
        written.chmod(0o644)
        written.rename(hint)
        await deployment.terminated()
    told = re.search(rb"looked (\d+) times, loot (\d+), found in (.*)", deployment.stdout)
    assert told, deployment.stderr
    assert int(told[1]) > 20
    assert told[3] == b"[]"
    assert not [each for each in tokens if each in deployment.stdout + deployment.stderr]
    assert deployment.exit_status == 0


async def test_burglar_finds_what_is_left_open(opened: Path) -> None:
    """The same search does find the token where secrets are passed on (AGENT_SECRETS=pass)."""
    entrypoint = install(opened)
    shutil.copy(GAMES / "burglar.py", opened / "burglar.py")
    hint = opened / "needles"
    version = Version(
        command=(str(entrypoint), str(opened / "bin/python3"), str(opened / "burglar.py")),
        env={**QUICK, "AGENT_SECRETS": "pass", "BURGLAR_NEEDLES": str(hint)},
        uid=NOBODY if os.getuid() == 0 else None,
        cwd=opened,
    )
    async with Platform(hears_lines=False) as platform:
        deployment = await platform.deploy(version)
        await url_of(deployment)
        token = bytes(byte ^ 1 for byte in deployment.identity.delete_token.encode()).hex()
        await asyncio.to_thread(hint.write_text, token)
        await deployment.terminated()
    assert b"own environ" in deployment.stdout
