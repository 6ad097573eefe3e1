"""Conditions as people write them: one a line, or several in any(…), all(…)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import durations

MOST_CHECKS = 32
MOST_CHARACTERS = 4096
_DEEPEST = 8

_PORT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TARGET = re.compile(r"([A-Za-z0-9_.-]{1,64})((?:/[!-~]*)?)")
_GROUP = re.compile(r"(any|all)\s*\((.*)\)", re.DOTALL | re.IGNORECASE)
# A regular expression's own brackets are no separators: what is escaped, [classes], {1,3}.
_MARK = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\\n])*\]|\{\d*,\d*\}|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that holds or not.

    Attributes:
        kind: what is looked at: a key of `KINDS`.
        about: a port's name or number, a pattern, a duration; empty where there is no choice.
    """

    kind: str
    about: str = ""

    @property
    def text(self) -> str:
        """It, as people write it; this is its name, too."""
        return f"{self.kind}:{self.about}" if self.about else self.kind


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions, of which any or all have to hold."""

    is_any: bool
    members: "tuple[Check | Group, ...]"


Condition = Check | Group


def _port(text: str) -> str:
    if not _PORT.fullmatch(text):
        raise ValueError("a port's name or number follows, as in udp:gameport or tcp:7777")
    return text


def _target(text: str) -> str:
    found = _TARGET.fullmatch(text)
    if not found:
        raise ValueError("a port follows, then a path, as in http:8080/healthz")
    return f"{found[1]}{found[2] or '/'}"


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"that is no regular expression: {error}") from None
    if not text:
        raise ValueError("a regular expression follows, as in log:Server ready")
    return text


def _delay(text: str) -> str:
    return durations.render(durations.parse(text))


def _nothing(text: str) -> str:
    if text:
        raise ValueError("nothing follows here")
    return text


KINDS: dict[str, Callable[[str], str]] = {
    "auto": _nothing,
    "api": _nothing,
    "port": _nothing,
    "delay": _delay,
    "udp": _port,
    "tcp": _port,
    "a2s": _port,
    "http": _target,
    "log": _pattern,
    "log!": _pattern,
}
"""Each kind, with the reader of what it is about."""

PORTED = ("udp", "tcp", "a2s", "http")
"""Kinds that are about a port."""

READY = ("auto", "api", "delay", "udp", "tcp", "a2s", "http", "log")
HEALTH = ("port", "udp", "tcp", "a2s", "http", "log!")


def parse(text: str, kinds: tuple[str, ...]) -> Group:
    """Return the conditions of all lines; an empty text has none.

    Args:
        text: as it was written.
        kinds: those that have a meaning here.

    Raises:
        ValueError: it can't be read; the message says which line, and what to write.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{len(text)} characters are too many; write at most {MOST_CHARACTERS}")
    members: list[Condition] = []
    line = 1
    for piece in _split(text, "\n"):
        if piece.strip():
            try:
                members.append(_condition(piece.strip(), kinds, _DEEPEST))
            except ValueError as error:
                raise ValueError(f"line {line}: {error}") from None
        line += piece.count("\n") + 1
    group = Group(is_any=False, members=tuple(members))
    if sum(1 for _ in checks(group)) > MOST_CHECKS:
        raise ValueError(f"these are too many conditions; write at most {MOST_CHECKS}")
    return group


def checks(condition: Condition) -> Iterator[Check]:
    """Yield each check, in the order in which they were written."""
    if isinstance(condition, Check):
        yield condition
        return
    for member in condition.members:
        yield from checks(member)


def named_ports(condition: Condition) -> Iterator[str]:
    """Yield the names of ports, not the numbers, that have to be declared ones."""
    for check in checks(condition):
        name = check.about.partition("/")[0]
        if check.kind in PORTED and not name.isdecimal():
            yield name


def written(condition: Condition) -> str:
    """Return the condition as people write it, in one form."""
    if isinstance(condition, Check):
        return condition.text
    members = ", ".join(map(written, condition.members))
    return f"{'any' if condition.is_any else 'all'}({members})"


def met_by(condition: Condition, word: Callable[[Check], str | None]) -> tuple[str, ...] | None:
    """Return by what the condition is met, None while it is not.

    Args:
        condition: the condition.
        word: says by what a check holds, None while it does not.
    """
    if isinstance(condition, Check):
        by = word(condition)
        return None if by is None else (by,)
    found = [met_by(member, word) for member in condition.members]
    if condition.is_any:
        return next((by for by in found if by is not None), None)
    whole = [by for by in found if by is not None]
    return None if len(whole) < len(found) else tuple(each for by in whole for each in by)


def _condition(text: str, kinds: tuple[str, ...], depth: int) -> Condition:
    group = _GROUP.fullmatch(text)
    if not group:
        return _check(text, kinds)
    if not depth:
        raise ValueError("this is nested too deeply")
    pieces = [piece.strip() for piece in _split(group[2], ",\n")]
    members = tuple(_condition(piece, kinds, depth - 1) for piece in pieces if piece)
    if not members:
        raise ValueError(f"{text!r} holds no condition; write one between the brackets")
    return Group(group[1].lower() == "any", members)


def _check(text: str, kinds: tuple[str, ...]) -> Check:
    kind, _, about = text.partition(":")
    kind = kind.strip().lower()
    if kind not in kinds:
        raise ValueError(
            f"{text!r} is no condition here; write one of {', '.join(kinds)}, or any(…), all(…)"
        )
    try:
        return Check(kind, KINDS[kind](about.strip()))
    except ValueError as error:
        raise ValueError(f"cannot read {text!r}: {error}") from None


def _split(text: str, separators: str) -> Iterator[str]:
    """Cut the text at separators outside of brackets.

    Raises:
        ValueError: a bracket is closed that was never opened.
    """
    depth, piece = 0, ""
    for mark in _MARK.findall(text):
        depth += (mark == "(") - (mark == ")")
        if depth < 0:
            raise ValueError("there is one ) too many; escape it as \\) in a regular expression")
        if depth == 0 and mark in separators:
            yield piece
            piece = ""
        else:
            piece += mark
    yield piece
