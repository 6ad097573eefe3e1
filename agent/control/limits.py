"""How much a caller may take."""

from dataclasses import dataclass

BODY_BYTES = 256 * 1024
LINE_BYTES = 8190  # of the request line, of a header
HEADERS = 128
ID_BYTES = 128
WHY_CHARACTERS = 512
IDS = 10_000
PLAYERS = 100_000
HOLD_SECONDS = 86_400.0
LOADING_SECONDS = 3_600.0
WAIT_SECONDS = 25.0  # Unreal gives a request up after 30 s
IDLE_SECONDS = 130.0  # libcurl lets go of an idle connection after 118 s: so it is the first
LINGER_SECONDS = 2.0  # for the rest of a body that was refused
LEAVE_SECONDS = 0.25  # when we stop serving: only streams, long polls are ever under way
BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a test may want to be smaller.

    Attributes:
        connections: that are open at the same time.
        streams: of events that are open at the same time.
        body_seconds: for a body to arrive.
        beat_seconds: between two states on a stream where nothing happens.
        write_seconds: for a stream's reader to take what it was sent.
    """

    connections: int = 1024
    streams: int = 500
    body_seconds: float = 10.0
    beat_seconds: float = 10.0
    write_seconds: float = 10.0
