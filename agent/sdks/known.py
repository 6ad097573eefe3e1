"""What a face may know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.options import Options
from ..interfaces import Desk
from ..link import Listener

Doors = Mapping[str, Sequence[Listener]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that it gets.

    Attributes:
        desk: where facts are handed in.
        doors: the listening sockets by name; they are the face's from now on.
        deployment: the deployment's facts, as `GET /v1/deployment` answers them.
        match: what the matchmaker told, likewise; None where none was at work.
        options: the settings.
        born: boot-time seconds of the container's start.
    """

    desk: Desk
    doors: Doors
    deployment: Mapping[str, object]
    match: Mapping[str, object] | None
    options: Options
    born: float
