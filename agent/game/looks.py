"""One look at a condition from outside."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from ..core.conditions import PORTED, Check
from ..core.events import PortsChecked
from . import httpget
from .a2s import query
from .ports import Declared, look

_PROTOCOL = {"udp": "UDP", "tcp": "TCP"}


class Seen(NamedTuple):
    """What a look has shown: an empty note where the condition holds."""

    note: str
    more: PortsChecked | None = None  # more ports are bound than were known


class Looks:
    """Looks at what the game has bound, at what it answers."""

    def __init__(self, declared: Iterable[Declared], held: Iterable[int]) -> None:
        """Take the deployment's ports.

        Args:
            declared: those that the app version declares.
            held: numbers that we hold ourselves.
        """
        self._declared = tuple(declared)
        self._held = frozenset(held)
        self._numbers: Mapping[str, int] = {each.name: each.number for each in self._declared}

    def unknown(self, check: Check) -> str:
        """Return what is wrong with the port that a check names, nothing where it is known."""
        if check.kind not in PORTED or self._number(check) is not None:
            return ""
        known = ", ".join(self._numbers) or "none"
        return f"no port of that name is declared; there are: {known}"

    async def at(self, check: Check, pid: int, bound: frozenset[str]) -> Seen:
        """Return what is seen of a check.

        Args:
            check: of a kind that takes a look.
            pid: the game's first process.
            bound: the ports that have been seen bound, for the check ``port``.
        """
        note = self.unknown(check)
        number = self._number(check)
        if note:
            return Seen(note)
        if check.kind == "port":
            return await asyncio.to_thread(self._still_bound, pid, bound)
        assert number is not None  # noqa: S101 - or it would be unknown
        if check.kind == "a2s":
            return Seen("" if await query(number) else "no answer")
        if check.kind == "http":
            return Seen(await httpget.trouble(number, check.about[check.about.index("/") :]))
        wanted = Declared(check.text, number, _PROTOCOL[check.kind])
        looked = await asyncio.to_thread(partial(look, pid, [wanted], frozenset()))
        return Seen("" if looked.checked.bound else "not bound")

    def _still_bound(self, pid: int, bound: frozenset[str]) -> Seen:
        checked = look(pid, self._declared, self._held).checked
        there = {*checked.bound, *checked.other}
        if lost := bound - there:
            return Seen(f"{', '.join(sorted(lost))} no longer bound")
        return Seen("", replace(checked, taken=()) if there - bound else None)

    def _number(self, check: Check) -> int | None:
        name = check.about.partition("/")[0]
        if name in self._numbers:
            return self._numbers[name]
        return int(name) if name.isdecimal() and int(name) in range(1, 65_536) else None
