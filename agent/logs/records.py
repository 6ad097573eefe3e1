"""Log records made of a parcel's bytes, the same each time they are made."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .levels import PRESETS, Level, Preset
from .lines import Line, Splitter
from .parcel import Parcel

_SECOND = 1_000_000_000  # ns
_APART_NS = 10_000_000  # that the spool's index has between two times
_JOIN_NS = 500_000_000  # lines of one record do not lie further apart
_JOIN_LINES = 500
_HEAD_BYTES = 512  # of a line, that tell whether a record begins with it
_JOIN_BYTES = 256 * 1024

# CSI, OSC with its end, any other two-character sequence.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


@dataclass(frozen=True, slots=True)
class Style:
    """How lines become records.

    Attributes:
        preset: a name of ``levels.PRESETS``.
        strip_ansi: leave the terminal's colours out.
        most_lines: of one source in a second by its own clock, 0 = all; the rest is counted.
    """

    preset: str = "plain"
    strip_ansi: bool = True
    most_lines: int = 0


class Record(NamedTuple):
    """What one line, or several that belong together, said.

    Attributes:
        at: wall-clock ns.
        offset: of its first byte in its source: with the source it is the record's name.
        text: without the last end of line.
        level: how much it matters, as the preset reads it.
        category: what the engine calls it, or an empty string.
        is_cut: the line is too long; the next record goes on with it.
        continues: it goes on with the record before.
    """

    at: int
    offset: int
    text: str
    level: Level
    category: str
    is_cut: bool
    continues: bool


@dataclass(slots=True)
class Tally:
    """What was done to lines on their way; sums are made with ``add``."""

    records: int = 0
    cut: int = 0  # lines too long for one record
    joined: int = 0  # lines that went into a record of the line before
    replaced: int = 0  # records with bytes that are not UTF-8
    suppressed: int = 0  # lines over the limit of their second

    def add(self, other: "Tally") -> None:
        """Count what the other counted as well."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def counters(self) -> dict[str, int]:
        """Return the counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Reading:
    """The records of one parcel, with what was done to it."""

    records: list[Record] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


class _Timed(NamedTuple):
    at: int
    line: Line


def read(parcel: Parcel, style: Style) -> Reading:
    """Return a parcel's records; nothing but the parcel counts, so a second try says the same.

    What belongs together but lies in two parcels stays two records.
    """
    reading = Reading()
    preset = PRESETS[style.preset]
    timed = _timed(parcel)
    if style.most_lines:
        timed = _limited(timed, style.most_lines, reading.tally)
    for group in _joined(timed, preset):
        reading.records.append(_record(group, preset, style, reading.tally))
    reading.tally.records = len(reading.records)
    return reading


def _timed(parcel: Parcel) -> Iterator[_Timed]:
    """Give each line the time of the last mark at or before its first byte.

    Marks are 10 ms apart or more. Within them a byte's place is its nanosecond: the order stays,
    no two lines share a time (Loki takes two equal lines of one time for one), a repeat has the
    same.
    """
    splitter = Splitter(parcel.start, continues=parcel.continues)
    places = [offset for offset, _ in parcel.marks]
    for line in (*splitter.feed(parcel.data), *splitter.finish()):
        mark = max(bisect_right(places, line.offset) - 1, 0)
        at = parcel.marks[mark][1] if parcel.marks else 0
        yield _Timed(at + line.offset % _APART_NS, line)


def _limited(timed: Iterable[_Timed], most: int, tally: Tally) -> Iterator[_Timed]:
    """Let so many lines of each second pass; say how many did not."""
    second, passed, held = -1, 0, list[_Timed]()
    for each in timed:
        if each.at // _SECOND != second:
            yield from _told(held, most, tally)
            second, passed, held = each.at // _SECOND, 0, []
        passed += 1
        if passed <= most:
            yield each
        else:
            held.append(each)
    yield from _told(held, most, tally)


def _told(held: list[_Timed], most: int, tally: Tally) -> Iterator[_Timed]:
    if held:
        tally.suppressed += len(held)
        text = f"WARN {len(held)} lines suppressed: over {most} in this second"
        yield _Timed(held[0].at, Line(held[0].line.offset, text.encode()))


def _joined(timed: Iterable[_Timed], preset: Preset) -> Iterator[list[_Timed]]:
    """Put the lines together that make up one record."""
    group: list[_Timed] = []
    size = 0
    for each in timed:
        if group and not _belongs(each, group, size, preset):
            yield group
            group, size = [], 0
        group.append(each)
        size += len(each.line.data)
    if group:
        yield group


def _belongs(each: _Timed, group: list[_Timed], size: int, preset: Preset) -> bool:
    if preset.first is None or each.line.continues or group[-1].line.is_cut:
        return False
    return (
        len(group) < _JOIN_LINES
        and size + len(each.line.data) <= _JOIN_BYTES
        and each.at - group[-1].at <= _JOIN_NS
        and not preset.first.match(_plain(_text(each.line.data[:_HEAD_BYTES])[0]))
    )


def _record(group: list[_Timed], preset: Preset, style: Style, tally: Tally) -> Record:
    first, last = group[0].line, group[-1].line
    whole = first.data if len(group) == 1 else b"\n".join(each.line.data for each in group)
    text, is_odd = _text(whole)
    plain = _plain(text)
    tally.joined += len(group) - 1
    tally.cut += last.is_cut and not last.continues
    tally.replaced += is_odd
    level, category = (Level.UNKNOWN, "") if first.continues else preset.judge(plain)
    return Record(
        at=group[0].at,
        offset=first.offset,
        text=plain if style.strip_ansi else text,
        level=level,
        category=category,
        is_cut=last.is_cut,
        continues=first.continues,
    )


def _plain(text: str) -> str:
    """Return text without what a terminal would not print: levels are read without colours."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def _text(data: bytes) -> tuple[str, bool]:
    """Return bytes as text, with whether some had to be replaced."""
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return data.decode(errors="replace"), True
