"""Following one agent's status, over its restarts."""

import asyncio
import contextlib
from collections.abc import Callable

import aiohttp

from .story import Story

_POLL = 20  # seconds of one long poll
_PATIENCE = aiohttp.ClientTimeout(total=_POLL + 5)
_PAUSE = 0.3  # seconds before the agent is asked again after a failure


def headers(story: Story) -> dict[str, str]:
    """Return what calls of the deployment's agent must say."""
    token = story.deployment.environment.get("AGENT_TOKEN", "")
    return {"Authorization": f"Bearer {token}"} if token else {}


async def follow(
    story: Story, session: aiohttp.ClientSession, changed: Callable[[], None]
) -> None:
    """Tell the story each status until the deployment's end."""
    await story.served.wait()
    revision = -1
    while not story.deployment.over:
        query = {"after": str(revision), "wait": str(_POLL)} if revision >= 0 else {}
        url = f"{story.url}/v1/status"
        try:
            async with session.get(
                url, params=query, headers=headers(story), timeout=_PATIENCE, raise_for_status=True
            ) as answer:
                status = await answer.json()
        except (aiohttp.ClientError, TimeoutError):
            revision = -1  # whoever comes next may count anew
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    await story.deployment.terminated()
        else:
            revision = status["revision"]
            story.hear(status)
            changed()
