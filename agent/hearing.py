"""What PID 1 says, as events."""

from typing import Any

from .core import events as e
from .link import Truth


def fact(message: dict[str, Any]) -> e.Event | None:
    """Return what a message of PID 1 says as an event, None for what is no event."""
    match message:
        case {"is": "term", "signum": int(signum)}:
            return e.TermReceived(signum, at=message.get("at"))
        case {"is": "game_started", "pid": int(pid)}:
            return e.GameStarted(pid, begins=message.get("begins", {}))
        case {"is": "game_exited", "status": int(status)}:
            return e.GameExited(status)
        case {"is": "game_not_started", "why": str(why)}:
            return e.GameNotStarted(why)
        case _:
            return None


def resynced(truth: Truth, declared: tuple[str, ...]) -> e.Resynced:
    """Return the whole truth as an event.

    Args:
        truth: what PID 1 told.
        declared: the declared ports' names.
    """
    return e.Resynced(
        game_pid=truth.game_pid,
        game_started_at=truth.game_started_at,
        game_exit=truth.game_exit,
        term_at=truth.term_at,
        on_edgegap=is_on_edgegap(truth),
        declared_ports=declared,
        start=truth.start,
        begins=truth.game_begins,
    )


def is_on_edgegap(truth: Truth) -> bool:
    """Return whether there is a platform to tell; an empty URL, as in compose files, is none."""
    return bool(truth.secrets.get("ARBITRIUM_DELETE_URL"))
