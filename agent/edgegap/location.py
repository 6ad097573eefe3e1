"""Where the deployment runs."""

from dataclasses import dataclass

from .variables import Variables, decimal, word

LOCATION = "ARBITRIUM_DEPLOYMENT_LOCATION"
MAX_LATITUDE = 90.0
MAX_LONGITUDE = 180.0


@dataclass(frozen=True, slots=True)
class Location:
    """A place, as far as the platform tells it; mocks leave the coordinates out.

    Attributes:
        timezone: a label such as ``Eastern Time``, not an IANA name.
        latitude: degrees, north is positive.
        longitude: degrees, east is positive.
    """

    city: str | None = None
    country: str | None = None
    continent: str | None = None
    administrative_division: str | None = None
    timezone: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def read_location(variables: Variables) -> Location | None:
    """Return the place, None where nothing is told."""
    told = variables.mapping(LOCATION)
    if not told:
        return None
    return Location(
        city=word(told.get("city")),
        country=word(told.get("country")),
        continent=word(told.get("continent")),
        administrative_division=word(told.get("administrative_division")),
        timezone=word(told.get("timezone")),
        latitude=_degrees(variables, told, "latitude", MAX_LATITUDE),
        longitude=_degrees(variables, told, "longitude", MAX_LONGITUDE),
    )


def _degrees(
    variables: Variables, told: dict[str, object], name: str, limit: float
) -> float | None:
    value = told.get(name)
    if value is None or value == "":
        return None
    degrees = decimal(value)
    if degrees is None or abs(degrees) > limit:
        variables.complain(LOCATION, f"has a {name} that is not within ±{limit:g} degrees")
        return None
    return degrees
