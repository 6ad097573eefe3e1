"""Where the deployment runs, as far as the platform tells it."""

import pytest

from agent.edgegap.environment import facts
from agent.edgegap.location import Location


def location(text: str) -> tuple[Location | None, tuple[str, ...]]:
    read = facts({"ARBITRIUM_DEPLOYMENT_LOCATION": text})
    return read.deployment.location, read.complaints


def test_location_may_lack_its_coordinates() -> None:
    place, complaints = location('{"city": "Montreal", "country": ""}')
    assert place == Location(city="Montreal")
    assert complaints == ()


def test_coordinates_may_be_texts() -> None:
    place, complaints = location('{"latitude": "45.5", "longitude": ""}')
    assert place == Location(latitude=45.5)
    assert complaints == ()


@pytest.mark.parametrize("value", ["91", '"north"', '"NaN"', '"1e999"', "true", "[]", "9" * 400])
def test_impossible_coordinate_is_named(value: str) -> None:
    place, complaints = location(f'{{"city": "Montreal", "latitude": {value}}}')
    assert place in {Location(city="Montreal"), None}
    assert len(complaints) == 1
    assert complaints[0].startswith("ARBITRIUM_DEPLOYMENT_LOCATION ")
