"""Durations as people write them.

PID 1 imports this before it spawns the game: no imports here.
"""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def parse(text: str) -> float:
    """Return the seconds of ``90``, ``90s``, ``1.5s``, ``300ms``, ``5m`` or ``1h30m``.

    Raises:
        ValueError: the text is none of these; the message says what is.
    """
    rest = text.strip().lower()
    if _is_number(rest):
        return float(rest)
    total = 0.0
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        letters = len(rest) - digits - len(rest[digits:].lstrip("dhms"))
        number, unit = rest[:digits], rest[digits : digits + letters]
        if not _is_number(number) or unit not in _UNITS:
            break
        total += float(number) * _UNITS[unit]
        rest = rest[digits + letters :]
        if not rest:
            return total
    raise ValueError(f"{text!r} is not a duration; write 90, 90s, 5m, 1h30m or 300ms")


def render(seconds: float) -> str:
    """Return the shortest such text, to the millisecond: ``90.0`` is ``1m30s``."""
    left = round(seconds * 1000)
    if left == 0:
        return "0s"
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and text.isascii()
