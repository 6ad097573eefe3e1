"""What may go wrong with a self-stop call, on demand."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.core import durations
from agent.errors import SettingsError

GRAMMAR = "503, 503x2, 429:1s (Retry-After), hang:10s, reset or lost, joined by commas"
_LOWEST, _HIGHEST = 400, 599


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call is answered with this status, nothing else happens."""

    status: int
    retry_after: int | None = None  # whole seconds, as in the header


@dataclass(frozen=True, slots=True)
class Hang:
    """The call gets no answer, its connection is closed after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset before anything is done."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The call is taken, only its answer is lost."""


Fault = Refusal | Hang | Reset | Lost


def parse(text: str) -> tuple[Fault, ...]:
    """Return the faults that ``503x2,429:1s,hang:10s,reset`` stands for, in that order.

    Raises:
        SettingsError: the text is not such a list; the message says what is.
    """
    try:
        return tuple(fault for item in text.split(",") for fault in _expand(item.strip()))
    except ValueError:
        raise SettingsError(f"cannot read the faults {text!r}: write {GRAMMAR}") from None


def _expand(item: str) -> Iterator[Fault]:
    word, times = item, 1
    head, cross, tail = item.rpartition("x")
    if cross and tail.isdecimal():
        word, times = head, int(tail)
    yield from [_one(word)] * times


def _one(word: str) -> Fault:
    name, _, value = word.partition(":")
    match name:
        case "reset" if not value:
            return Reset()
        case "lost" if not value:
            return Lost()
        case "hang":
            return Hang(durations.parse(value))
        case _:
            return _refusal(name, value)


def _refusal(name: str, value: str) -> Refusal:
    status = int(name)
    if not _LOWEST <= status <= _HIGHEST:
        raise ValueError(name)
    return Refusal(status, round(durations.parse(value)) if value else None)
