"""What the tests of the local platform start from."""

from collections.abc import AsyncIterator

import pytest

from agent.local.platform import Platform


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    """A platform whose containers have PID namespaces where the kernel lets us."""
    async with Platform() as running:
        yield running


@pytest.fixture(params=[True, False], ids=["namespace", "subreaper"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    """A platform of each kind."""
    async with Platform(namespace=request.param) as running:
        yield running
