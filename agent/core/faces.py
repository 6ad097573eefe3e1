"""The SDKs that the agent can pass for."""

FACES = ("agones", "gsdk")

GSDK_STOP_BY = (("events", 5.0), ("signal", 0.0))
"""A GSDK game is told by its heartbeat, of which there is one a second; it dies of a signal."""


def parse(text: str) -> tuple[str, ...]:
    """Return the faces that ``agones,gsdk`` names, each once, in the order of `FACES`.

    Raises:
        ValueError: one of them is not known.
    """
    wanted = {word.strip().lower() for word in text.split(",")} - {""}
    for word in sorted(wanted.difference(FACES)):
        raise ValueError(f"{word!r} is no face; write agones, gsdk, or both with a comma")
    return tuple(face for face in FACES if face in wanted)
