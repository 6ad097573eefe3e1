"""The platform keeps to its OpenAPI document, at a small depth; ``make contract`` goes to all."""

import pytest

from tests.local import contract


@pytest.mark.timeout(300)
@pytest.mark.parametrize("known", [False, True], ids=["drawn-names", "known-names"])
async def test_platform_keeps_to_its_document(*, known: bool) -> None:
    outcome = await contract.hold("--max-examples=3", "--no-shrink", known=known)
    assert outcome.status == 0, outcome.output
    assert "Tested: " in outcome.output
