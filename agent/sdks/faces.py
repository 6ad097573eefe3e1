"""The faces that are switched on, each loaded only then."""

from typing import Protocol

from .known import Known


class Face(Protocol):
    """Somebody whom an SDK takes for its own platform."""

    async def run(self) -> None:
        """Serve until cancelled."""
        ...


def open_faces(known: Known) -> list[Face]:
    """Return the faces of ``AGENT_SDK``."""
    opened: list[Face] = []
    if "agones" in known.options.sdk:
        from .agones_face import AgonesFace

        opened.append(AgonesFace(known))
    if "gsdk" in known.options.sdk:
        from .gsdk import Gsdk

        opened.append(Gsdk(known))
    return opened
