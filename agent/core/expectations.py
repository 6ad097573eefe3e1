"""The calls that a game was expected to make, as against those that it made."""

OWN = (
    *("ready", "health", "start_match", "end_match", "set_players", "join", "leave"),
    *("hold", "release", "stop", "self_stop", "flush"),
)
"""Those of the control API that tell something; they are its operations in /openapi.json."""

AGONES = (
    *("ready", "allocate", "reserve", "health", "shutdown", "gameserver", "watch"),
    *("setlabel", "setannotation", "counters", "lists", "players"),
)
GSDK = ("gsdkinfo", "standingby", "active", "players", "terminating")
NAMES = tuple(dict.fromkeys((*OWN, *AGONES, *GSDK)))
"""Every name that AGENT_EXPECT takes; two SDKs' calls that mean the same have the same."""


def parse(text: str) -> tuple[str, ...]:
    """Return the calls that ``ready,health`` names, each once.

    Raises:
        ValueError: one of them is not known.
    """
    wanted = dict.fromkeys(word.strip().lower() for word in text.split(","))
    wanted.pop("", None)
    for word in wanted:
        if word not in NAMES:
            raise ValueError(f"{word!r} is no call; write some of {', '.join(NAMES)}")
    return tuple(wanted)


def difference(expected: tuple[str, ...], made: tuple[str, ...]) -> str:
    """Return in words what is missing, what was not expected; empty where the two agree."""
    missing = [name for name in expected if name not in made]
    others = [name for name in made if name not in expected]
    parts = []
    if missing:
        parts.append(f"missing {', '.join(missing)}")
    if others:
        parts.append(f"not expected {', '.join(others)}")
    return "; ".join(parts)
