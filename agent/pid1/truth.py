"""The whole truth, as an agent hears it in answer to its hello."""

from . import wire

_NEEDED = ("ARBITRIUM_DELETE_", "AGENT_")
_MOST_SECRETS = 32 * 1024
"""Characters: a datagram holds 208 KiB, JSON may take six bytes for one of them. What the agent
cannot do without is far below; large ones only have to be kept from the game."""


def tell(made: "Setup", game: "Game", escalation: "Escalation", starts: int) -> dict[str, object]:
    """Return the message; it is the only one that holds secrets, so never log it."""
    secrets = dict(made.secrets)
    if sum(map(len, secrets.values())) > _MOST_SECRETS:
        secrets = {name: secrets[name] for name in secrets if name.startswith(_NEEDED)}
    if made.options.token:
        secrets["AGENT_TOKEN"] = made.options.token
    doors = _doors(made)
    return {
        "is": "truth",
        "boot": made.boot,
        "born": made.born,
        "start": starts,
        "url": made.listeners.url,
        "listeners": doors.pop("control"),
        "faces": doors,
        "game": {
            "pid": game.pid or None,
            "started_at": game.started_at or None,
            "exit": game.status,
            "exited_at": game.exited_at,
            "path": made.options.command[0] if made.options.command else "",
            "folder": made.folder,
            "home": game.environ.get("HOME", ""),
            "begins": made.output_begins,
            "uid": game.user.uid if game.user else None,
        },
        "term_at": escalation.term_at,
        "signalled": game.signalled,
        "grace": made.options.grace,
        "spool": made.spool.folder,
        "secrets": secrets,
        "notices": made.notices,
    }


def _doors(made: "Setup") -> dict[str, list[dict[str, object]]]:
    """Return by door which descriptor each address has, in the order of `Setup.doors`."""
    told: dict[str, list[dict[str, object]]] = {}
    fd = wire.LISTEN
    for name, door in made.doors().items():
        addresses = door.addresses()
        told[name] = [{"address": each, "fd": fd + at} for at, each in enumerate(addresses)]
        fd += len(addresses)
    return told


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from .escalate import Escalation
    from .game import Game
    from .setup import Setup
