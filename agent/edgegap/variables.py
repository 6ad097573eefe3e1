"""Injected variables, read forgivingly with one complaint each where they are bad."""

import math
import os
from collections.abc import Iterator, Mapping

import msgspec

JSON_CHARACTERS = 256 * 1024  # the platform allows 4 KB a value; a laptop's mock may not
JSON_DEPTH = 32

_DIGITS = 15  # of a whole number: no variable needs more

_FLAGS = {"true": True, "1": True, "yes": True, "on": True}
_FLAGS |= {"false": False, "0": False, "no": False, "off": False}


class Variables:
    """The environment as the platform fills it: absent, empty, mistyped or right.

    An empty text is the same as none: without a beacon its variables are there but empty.
    No complaint quotes a value: it may be a secret or a player's address.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._complaints: list[str] = []

    @property
    def complaints(self) -> tuple[str, ...]:
        """One line a bad variable, in the order of reading."""
        return tuple(self._complaints)

    def complain(self, name: str, why: str, instead: str = "going on without it") -> None:
        """Note that *name* is bad, what we do instead."""
        line = f"{name} {why}; {instead}"
        if line not in self._complaints:
            self._complaints.append(line)

    def named(self, prefix: str) -> Iterator[str]:
        """Return the names of the filled variables that begin with *prefix*, sorted."""
        return iter(
            sorted(name for name in self._environ if name.startswith(prefix) and _is_utf8(name))
        )

    def first(self, *names: str) -> str:
        """Return the first of *names* that is filled, or the first of all."""
        return next((name for name in names if self._environ.get(name, "").strip()), names[0])

    def text(self, *names: str) -> str | None:
        """Return the value under the first of *names* that is filled."""
        name = self.first(*names)
        value = self._environ.get(name, "").strip()
        if not value:
            return None
        if not _is_utf8(value):
            self.complain(name, "is not UTF-8")
            return None
        return value

    def integer(self, *names: str) -> int | None:
        """Return a whole number that is not negative."""
        text = self.text(*names)
        number = whole(text)
        if text is not None and number is None:
            self.complain(self.first(*names), "is not a whole number")
        return number

    def flag(self, *names: str) -> bool | None:
        """Return true or false, in any of the usual spellings."""
        text = self.text(*names)
        if text is None:
            return None
        value = _FLAGS.get(text.lower())
        if value is None:
            self.complain(self.first(*names), "is neither true nor false")
        return value

    def listing(self, *names: str) -> tuple[str, ...]:
        """Return a list that is written as JSON or with commas."""
        text = self.text(*names)
        if text is None:
            return ()
        if text.startswith("["):
            items = self.json(*names)
            if isinstance(items, list):
                return tuple(str(item) for item in items if isinstance(item, str | int))
            return ()
        return tuple(item for item in (part.strip() for part in text.split(",")) if item)

    def mapping(self, *names: str) -> dict[str, object]:
        """Return a JSON object, an empty one where there is none."""
        value = self.json(*names)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.complain(self.first(*names), "is JSON, but not an object")
        return {}

    def json(self, *names: str) -> object:
        """Return whatever JSON stands there, None where it is absent or malformed."""
        text = self.text(*names)
        if text is None:
            return None
        name = self.first(*names)
        if len(text) > JSON_CHARACTERS:
            self.complain(name, f"is longer than {JSON_CHARACTERS} characters")
            return None
        try:
            value: object = msgspec.json.decode(os.fsencode(text))
        except msgspec.DecodeError as error:  # it tells where, never what stands there
            self.complain(name, f"is not JSON: {error}")
            return None
        except RecursionError:
            self.complain(name, "is nested too deep")
            return None
        if not _is_shallow(value, JSON_DEPTH):
            self.complain(name, "is nested too deep")
            return None
        return value


def whole(value: object) -> int | None:
    """Return a whole number that is not negative, from a number or a text of one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < 10**_DIGITS else None


def decimal(value: object) -> float | None:
    """Return a finite number, from a number or a text of one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def word(value: object) -> str | None:
    """Return a filled text; a number is taken as one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def _is_utf8(text: str) -> bool:
    """Return whether no stray byte was smuggled through the environment."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_shallow(value: object, levels: int) -> bool:
    """Return whether the value can be encoded again without fear for the stack."""
    if isinstance(value, dict):
        return levels > 0 and all(_is_shallow(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_is_shallow(item, levels - 1) for item in value)
    return True
