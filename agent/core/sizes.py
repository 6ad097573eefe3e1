"""Sizes as people write them.

PID 1 imports this before it spawns the game: no imports here.
"""

_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_DIGITS = 18  # more is a mistake, or an attack on the integer


def parse(text: str) -> int:
    """Return the bytes of ``33554432``, ``32MiB``, ``32MB`` or ``32M``, binary as in Docker.

    Raises:
        ValueError: the text is none of these; the message says what is.
    """
    word = text.strip().upper()
    digits = word.rstrip("BGIKM ")
    unit = word[len(digits) :].strip().removesuffix("IB").removesuffix("B")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS):
        unit = "none"
    if unit not in _UNITS:
        raise ValueError(f"{text!r} is not a size; write 33554432, 32MiB, 64M or 1G")
    return int(digits) * _UNITS[unit]


def render(size: int) -> str:
    """Return the shortest exact text: ``33554432`` is ``32MiB``."""
    for unit in ("G", "M", "K"):
        if size and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}iB"
    return str(size)
