"""What tells this life's lines from all others, by OpenTelemetry's conventions."""

from .core.options import Options
from .edgegap.environment import Facts
from .link import Truth
from .logs.parcel import SESSION


def labels(known: Facts, truth: Truth, options: Options) -> dict[str, str]:
    """Return the names with their values; what isn't known is left out."""
    deployment, match = known.deployment, known.match
    place = deployment.location
    words = (place.city, place.country) if place else ()
    told = {
        SESSION: "-".join(filter(None, (deployment.request_id, truth.boot))),
        "edgegap.deployment.id": deployment.request_id,
        "edgegap.location": ", ".join(word for word in words if word),
        "edgegap.match.id": match.id if match else None,
        "edgegap.match.profile": match.profile if match else None,
        **dict(options.log_labels),
    }
    return {name: value for name, value in told.items() if value}
