"""What the tests of the API start from."""

import itertools
from collections.abc import AsyncIterator

import pytest

from agent.local.platform import Platform
from tests.local.api.owner import Owner


def bare(*command: str) -> list[str]:
    """Return a game's command as it is, without an agent."""
    return list(command)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """A platform whose containers are the games alone, without a rate limit in the way."""
    seconds = itertools.count()
    async with Platform(entrypoint=bare, now=lambda: float(next(seconds))) as running:
        yield running


@pytest.fixture
async def owner(platform: Platform) -> AsyncIterator[Owner]:
    """The one who has its API token."""
    async with Owner(platform) as calling:
        yield calling
