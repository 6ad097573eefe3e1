"""A served desk for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.control.desk import Served, serving


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as server:
        yield server
