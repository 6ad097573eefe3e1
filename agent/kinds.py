"""The kinds of values that settings have, each with its reader."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from .core import conditions, durations, expectations, faces, sizes, sources, spellings
from .core.ailing import BUSY_PATIENCE
from .core.checks import MOST_FAILURES
from .core.phases import Mode, Policy
from .game.logpatterns import patterns
from .logs.redaction import compiled
from .pid1 import prepare

_SHORTEST = 0.1  # seconds; shorter is a typing error
_MOST_TRIES = MOST_FAILURES // BUSY_PATIENCE
_MINUTE = 60.0
_HOUR = 3600.0
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Written(BeforeValidator):
    """How a value is written: its reader, and the way back."""

    render: Callable[[Any], str] = str


def word(*words: str) -> Written:
    """Return the kind that is one of these words."""

    def render(value: str | Enum) -> str:
        return str(value.value) if isinstance(value, Enum) else value

    return Written(spellings.one_of(*words), render=render)


def _seconds(least: float, most: float) -> Written:
    return Written(spellings.seconds(least, most), render=durations.render)


def _limit(most: float) -> Written:
    def render(seconds: float) -> str:
        return durations.render(seconds) if seconds else "off"

    return Written(spellings.seconds(_SHORTEST, most, off=True), render=render)


def _sources(text: str) -> str:
    """Return the sources of players as they are compared later.

    Raises:
        ValueError: one is none.
    """
    word = text.replace(" ", "").lower()
    sources.chosen(word)
    return word


def _player_lines(text: str) -> tuple[str, ...]:
    """Return presets and patterns, one a line.

    Raises:
        ValueError: one is neither.
    """
    found = tuple(line for line in (each.strip() for each in text.splitlines()) if line)
    patterns(found)
    return found


def _patterns(text: str) -> tuple[str, ...]:
    """Return regular expressions, one a line.

    Raises:
        ValueError: one of them is none.
    """
    found = tuple(line for line in (each.strip() for each in text.splitlines()) if line)
    compiled(found)
    return found


def _conditions(known: tuple[str, ...], alone: str = "") -> Callable[[str], str]:
    """Return a reader of conditions, one a line; *alone* stands for none."""

    def read(text: str) -> str:
        lines = conditions.parse(text, known).members
        return "\n".join(map(conditions.written, lines)) or alone

    return read


def _tries(text: str) -> int:
    """Return how often something may fail in a row.

    Raises:
        ValueError: it is no such number.
    """
    count = spellings.count(text)
    if not 1 <= count <= _MOST_TRIES:
        raise ValueError(f"{text!r} is out of bounds; write 1 to {_MOST_TRIES}")
    return count


Limit = Annotated[float, _limit(7 * _DAY)]  # a timer that can be off
Delay = Annotated[float, _seconds(0, _HOUR)]
Linger = Annotated[float, _seconds(0, _MINUTE)]
Period = Annotated[float, _seconds(_SHORTEST, _HOUR)]
Grace = Annotated[float, _seconds(0.001, _DAY)]  # PID 1 takes any; the odd ones are doubted
Budget = Annotated[float, _seconds(_SHORTEST, _HOUR)]
Wait = Annotated[float, _seconds(_SHORTEST, _DAY)]

PlayerSources = Annotated[str, Written(_sources)]
ReadyWhen = Annotated[str, Written(_conditions(conditions.READY, "auto"))]
HealthWhen = Annotated[str, Written(_conditions(conditions.HEALTH))]
OpenOrClose = Annotated[str, word("open", "close")]
ModeWord = Annotated[Mode, word(*(mode.value for mode in Mode))]
PolicyWord = Annotated[Policy, word(*(policy.value for policy in Policy))]
Switch = Annotated[bool, Written(spellings.switch, render=lambda on: "1" if on else "0")]

Port = Annotated[int, Written(spellings.port)]
Signal = Annotated[int, Written(spellings.stop_signal, render=spellings.signal_name)]
Size = Annotated[int, Written(sizes.parse, render=sizes.render)]
Tries = Annotated[int, Written(_tries)]
Count = Annotated[int, Written(spellings.count)]
Text = Annotated[str, Written(spellings.plain)]
Path = Annotated[str, Written(spellings.path)]
LoopbackUrl = Annotated[str, Written(spellings.loopback_url)]
SocketPath = Annotated[str, Written(spellings.socket_path)]
Token = Annotated[SecretStr, Written(spellings.token, render=lambda _: "")]
Hidden = Annotated[SecretStr, Written(str, render=lambda _: "")]

# NoDecode: pydantic-settings would read a tuple as JSON.
Capacities = Annotated[
    tuple[tuple[str, int], ...],
    NoDecode,
    Written(faces.capacities, render=faces.render_capacities),
]
Faces = Annotated[tuple[str, ...], NoDecode, Written(faces.parse, render=",".join)]
Calls = Annotated[tuple[str, ...], NoDecode, Written(expectations.parse, render=",".join)]
Names = Annotated[tuple[str, ...], NoDecode, Written(spellings.names, render=",".join)]
Globs = Annotated[tuple[str, ...], NoDecode, Written(spellings.globs, render=",".join)]
Labels = Annotated[
    tuple[tuple[str, str], ...],
    NoDecode,
    Written(spellings.labels, render=spellings.render_labels),
]
Templates = Annotated[
    tuple[tuple[str, str], ...],
    NoDecode,
    Written(prepare.pairs, render=lambda pairs: ",".join(map(":".join, pairs))),
]
Patterns = Annotated[tuple[str, ...], NoDecode, Written(_patterns, render="\n".join)]
PlayerLines = Annotated[tuple[str, ...], NoDecode, Written(_player_lines, render="\n".join)]
StopList = Annotated[
    spellings.StopList,
    NoDecode,
    Written(spellings.stop_list, render=spellings.render_stop_list),
]
