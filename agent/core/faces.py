"""The SDKs that the agent can pass for."""

_DIGITS = 9  # of a capacity; more is a typing error

FACES = ("agones", "gsdk")

GSDK_STOP_BY = (("events", 5.0), ("signal", 0.0))
"""A GSDK game is told by its heartbeat, of which there is one a second; it dies of a signal."""

CAPACITIES = (("players", 1000), ("rooms", 1000))
"""The counters, the lists that an Agones game finds; a fleet's manifest names them there."""


def parse(text: str) -> tuple[str, ...]:
    """Return the faces that ``agones,gsdk`` names, each once, in the order of `FACES`.

    Raises:
        ValueError: one of them is not known.
    """
    wanted = {word.strip().lower() for word in text.split(",")} - {""}
    for word in sorted(wanted.difference(FACES)):
        raise ValueError(f"{word!r} is no face; write agones, gsdk, or both with a comma")
    return tuple(face for face in FACES if face in wanted)


def capacities(text: str) -> tuple[tuple[str, int], ...]:
    """Return the (name, capacity) pairs of ``players=100,rooms=10``.

    Raises:
        ValueError: a pair has no name, or no whole number.
    """
    pairs = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = (part.strip() for part in word.partition("="))
        if not (name.isprintable() and name and number.isdecimal() and len(number) <= _DIGITS):
            raise ValueError(f"{word!r} is no capacity; write name=100,name=10")
        pairs.append((name, int(number)))
    return tuple(pairs)


def render_capacities(pairs: tuple[tuple[str, int], ...]) -> str:
    """Return the text that ``capacities`` reads."""
    return ",".join(f"{name}={capacity}" for name, capacity in pairs)
