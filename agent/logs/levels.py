"""How much a line matters, as the engine that wrote it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

_HEAD = 512  # characters of a line in which a level is looked for


class Level(IntEnum):
    """How much it matters; the numbers are OpenTelemetry's severity numbers."""

    UNKNOWN = 0
    TRACE = 1
    DEBUG = 5
    INFO = 9
    WARN = 13
    ERROR = 17
    FATAL = 21


_WORDS = {
    **dict.fromkeys(("TRACE", "FINER", "FINEST", "VERYVERBOSE"), Level.TRACE),
    **dict.fromkeys(("DEBUG", "FINE", "VERBOSE"), Level.DEBUG),
    **dict.fromkeys(("INFO", "CONFIG", "NOTICE", "DISPLAY", "LOG"), Level.INFO),
    **dict.fromkeys(("WARN", "WARNING"), Level.WARN),
    **dict.fromkeys(("ERROR", "SEVERE"), Level.ERROR),
    **dict.fromkeys(("FATAL", "CRITICAL"), Level.FATAL),
}
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_STAMP = r"(?:\[?[\d:.,/TZ+-]{8,40}\]?[ \t]{1,4}){0,2}"


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of an engine's lines.

    Attributes:
        first: matches the first line of a record; other lines join it. None: nothing joins.
        marks: tried in this order; the groups ``level``, ``category`` count, a level that is
            not written is *unsaid*.
        unsaid: the level of a line that a mark matches without a level.
    """

    first: re.Pattern[str] | None
    marks: tuple[re.Pattern[str], ...]
    unsaid: Level = Level.UNKNOWN

    def judge(self, text: str) -> tuple[Level, str]:
        """Return the level with the category, empty if there is none, of a record's text."""
        for mark in self.marks:
            if found := mark.match(text, 0, _HEAD):
                groups = found.groupdict()
                word = (groups.get("level") or "").upper()
                return _WORDS.get(word, self.unsaid), groups.get("category") or ""
        return Level.UNKNOWN, ""


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


# 2024-01-31 12:00:00,000 [WARN] text · WARN: text
_PLAIN = rf"{_STAMP}\[?(?P<level>{_WORD})\b"

# What no record begins with: the lines of a stack trace.
_JAVA_TRACE = r"\s|Caused by: |Suppressed: |(?:[a-z_]\w*\.)+[\w$]*(?:Exception|Error|Throwable)\b"
_PYTHON_TRACE = (
    r"\s|Traceback \(most|During handling of the above|The above exception was|$"
    r"|(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit|Iteration|Group|Warning)(?:: |$)"
)
_UNITY_TRACE = r"\s|$|\(Filename: |[\w.`+<>/|]+:[\w.`<>|]+ ?\("

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "plain": Preset(None, _patterns(_PLAIN)),
        # [2024.01.31-12.00.00:000][ 12]LogNet: Warning: text · LogInit: text
        "unreal": Preset(
            re.compile(r"\[\d{4}\.\d\d\.\d\d-|Log\w+: "),
            _patterns(
                r"(?:\[[\d.:-]+\]\[ *\d+\]|(?=Log))(?P<category>\w+): "
                r"(?:(?P<level>Fatal|Error|Warning|Display|VeryVerbose|Verbose): )?"
            ),
            Level.INFO,
        ),
        "unity": Preset(
            re.compile(rf"(?!{_UNITY_TRACE})"),
            _patterns(
                # The method that logged stands in the first line of the stack trace below.
                r"(?s:.*?)\n(?:UnityEngine\.)?(?:Debug|Logger):Log(?P<level>Warning|Error)",
                r"(?P<category>(?:\w+\.)*\w*Exception)\b",
                _PLAIN,
            ),
            Level.ERROR,
        ),
        # ERROR: text, then "   at: function (file:line)" · USER WARNING: · SCRIPT ERROR:
        "godot": Preset(
            re.compile(r"(?!\s)"),
            _patterns(
                r"(?:(?P<category>USER SCRIPT|USER|SCRIPT|SHADER) )?(?P<level>ERROR|WARNING): ",
                _PLAIN,
            ),
        ),
        "java": Preset(
            re.compile(rf"(?!{_JAVA_TRACE})"),
            _patterns(
                # [12:00:00] [Server thread/WARN] [minecraft/Main]: text
                rf"\[[^\]]+\] \[[^\]/]+/(?P<level>{_WORD})\](?: \[(?P<category>[^\]]+)\])?: ",
                # 2024-01-31 12:00:00,000 [main] WARN  com.studio.Game - text
                rf"{_STAMP}(?:\[[^\]]{{1,80}}\] )?(?P<level>{_WORD})\b\]?:?\s{{1,4}}"
                r"(?:\[[^\]]{1,80}\] )?(?:(?P<category>(?:\w+\.)*[\w$]+)\s{0,40}[-:] )?",
                _PLAIN,
                r"(?:Exception in thread)",
            ),
            Level.ERROR,
        ),
        "python": Preset(
            re.compile(rf"(?!{_PYTHON_TRACE})"),
            _patterns(
                # WARNING:studio.game:text
                rf"(?P<level>{_WORD}):(?P<category>[\w.]+):",
                # 2024-01-31 12:00:00,000 - studio.game - WARNING - text
                rf"{_STAMP}- (?P<category>[\w.]+) - (?P<level>{_WORD}) - ",
                _PLAIN,
                r"Traceback \(most recent call last\):",
            ),
            Level.ERROR,
        ),
    }
)
"""By the name that a setting has for it; ``plain`` knows only words such as WARN."""
