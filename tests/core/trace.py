"""Golden traces: facts at their times, with the phase, the orders, the deadline after each.

    # What this story is about.
    options grace=30.0, players="api"
    @0 Resynced(game_pid=7, ...)
        starting: the game is starting
        until @600

A line that begins with ``@`` is a fact; what is indented below it is what the core says.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any

from agent.core import events as e
from agent.core.effects import Effect, Leave
from agent.core.lifecycle import deadline, step
from agent.core.options import Options
from agent.core.state import State

FOLDER = Path(__file__).with_name("traces")
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))
KINDS: dict[str, Any] = {kind.__name__: kind for kind in e.Event.__args__}
BORN = State(boot_id="b", born=0.0)

Fact = tuple[float, e.Event]


@dataclass(frozen=True)
class Trace:
    """One story, as it is written down."""

    path: Path
    options: Options
    facts: tuple[Fact, ...]

    @classmethod
    def read(cls, name: str) -> "Trace":
        """Read the options and the facts of a story."""
        path = FOLDER / f"{name}.txt"
        options, facts = _options(""), []
        for line in path.read_text().splitlines():
            if line.startswith("options "):
                options = _options(line.removeprefix("options "))
            elif line.startswith("@"):
                at, _, fact = line[1:].partition(" ")
                facts.append((float(at), _event(fact)))
        return cls(path, options, tuple(facts))

    def told(self) -> str:
        """Return the whole text as it should be, told by the core of today."""
        tellings = iter(list(self._tellings()))
        lines = []
        for line in self.path.read_text().splitlines():
            if line.startswith("    "):
                continue
            lines.append(line)
            if line.startswith("@"):
                lines += [f"    {each}" for each in next(tellings)]
        return "\n".join(lines) + "\n"

    def _tellings(self) -> Iterator[list[str]]:
        state = BORN
        for now, event in self.facts:
            state, effects = step(state, event, now, self.options)
            until = deadline(state, now, self.options)
            yield [
                f"{state.phase.value}: {state.why}",
                *(_words(effect) for effect in effects),
                f"until @{round(until, 6):g}",
            ]


def play(
    facts: tuple[Fact, ...], options: Options, state: State = BORN
) -> tuple[State, list[Effect]]:
    """Return how a story ends, with all that was ordered."""
    ordered: list[Effect] = []
    for now, event in facts:
        state, effects = step(state, event, now, options)
        ordered += effects
    return state, ordered


def leaves(effects: list[Effect]) -> set[Leave]:
    """Return the exits that were ordered."""
    return {effect for effect in effects if isinstance(effect, Leave)}


def truth(facts: tuple[Fact, ...]) -> e.Resynced:
    """Return what PID 1 would tell a new agent after these facts."""
    _, first = facts[0]
    assert isinstance(first, e.Resynced)
    known = first
    for now, event in facts[1:]:
        match event:
            case e.Resynced():
                known = event
            case e.GameStarted(pid=pid):
                known = replace(known, game_pid=pid, game_started_at=now, game_exit=None)
            case e.GameExited(status=status):
                known = replace(known, game_exit=status)
            case e.TermReceived():
                known = replace(known, term_at=known.term_at or now)
            case _:
                pass
    return known


def _options(text: str) -> Options:
    given = {word.arg or "": ast.literal_eval(word.value) for word in _call(f"f({text})").keywords}
    defaults = {field.name: field.default for field in fields(Options)}
    for name, value in given.items():
        default = defaults[name]
        given[name] = type(default)(value) if isinstance(default, Enum) else value
    return Options(**{"status_period": 0.0, **given})  # else each story has a line a minute


def _event(text: str) -> e.Event:
    call = _call(text)
    assert isinstance(call.func, ast.Name)
    given = {word.arg or "": ast.literal_eval(word.value) for word in call.keywords}
    event: e.Event = KINDS[call.func.id](*map(ast.literal_eval, call.args), **given)
    return event


def _call(text: str) -> ast.Call:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    return call


def _words(effect: Effect) -> str:
    pairs = [(each.name, getattr(effect, each.name)) for each in fields(effect)]
    shown = [f"{name}={_figure(value)}" for name, value in pairs]
    return f"{type(effect).__name__}({', '.join(shown)})"


def _figure(value: object) -> str:
    return f"{round(value, 6):g}" if isinstance(value, float) else repr(value)
