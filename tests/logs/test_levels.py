"""What an engine's lines say of themselves."""

import pytest

from agent.logs.levels import PRESETS, Level

SEEN = [
    ("plain", "WARN: slow", Level.WARN, ""),
    ("plain", "[12:00:01] [ERROR] no", Level.ERROR, ""),
    ("plain", "[12:00:01 INFO]: Done (3.2s)!", Level.INFO, ""),
    ("plain", "2024-01-31T12:00:00.000Z DEBUG x", Level.DEBUG, ""),
    ("plain", "2024-01-31 12:00:00,000 CRITICAL x", Level.FATAL, ""),
    ("plain", "INFORMATION is not a level", Level.UNKNOWN, ""),
    ("plain", "the ERROR is not at the start", Level.UNKNOWN, ""),
    ("plain", "", Level.UNKNOWN, ""),
    ("unreal", "[2024.01.31-12.00.00:123][ 12]LogNet: Warning: late", Level.WARN, "LogNet"),
    ("unreal", "[2024.01.31-12.00.00:123][  0]MapCheck: Error: hole", Level.ERROR, "MapCheck"),
    ("unreal", "LogInit: Display: up", Level.INFO, "LogInit"),
    ("unreal", "LogTemp: text: with colon", Level.INFO, "LogTemp"),
    ("unreal", "LogGarbage: VeryVerbose: x", Level.TRACE, "LogGarbage"),
    ("unreal", "LogWindows: Fatal: x", Level.FATAL, "LogWindows"),
    ("unreal", "loose words", Level.UNKNOWN, ""),
    ("unity", "slow\nUnityEngine.Debug:LogWarning (object)\nA:B ()", Level.WARN, ""),
    ("unity", "bad\nUnityEngine.Debug:LogError(Object)", Level.ERROR, ""),
    ("unity", "fine\nUnityEngine.Debug:Log (object)", Level.UNKNOWN, ""),
    ("unity", "NullReferenceException: Object reference", Level.ERROR, "NullReferenceException"),
    ("unity", "System.IO.IOException: x\n  at A.B ()", Level.ERROR, "System.IO.IOException"),
    ("godot", "ERROR: Condition failed.\n   at: f (a.cpp:1)", Level.ERROR, ""),
    ("godot", "USER WARNING: x", Level.WARN, "USER"),
    ("godot", "SCRIPT ERROR: x", Level.ERROR, "SCRIPT"),
    ("godot", "Godot Engine v4.3", Level.UNKNOWN, ""),
    ("java", "[12:00:00] [Server thread/WARN]: Can't keep up!", Level.WARN, ""),
    ("java", "[12:00:00] [main/INFO] [minecraft/Main]: x", Level.INFO, "minecraft/Main"),
    ("java", "2024-01-31 12:00:00,000 [main] WARN  a.b.Game - x", Level.WARN, "a.b.Game"),
    ("java", "2024-01-31 12:00:00 SEVERE [main] a.b.Game: x", Level.ERROR, "a.b.Game"),
    ("java", 'Exception in thread "main" java.lang.Error', Level.ERROR, ""),
    ("python", "WARNING:studio.game:x", Level.WARN, "studio.game"),
    ("python", "2024-01-31 12:00:00,123 - studio.game - ERROR - x", Level.ERROR, "studio.game"),
    ("python", "INFO:     Started server", Level.INFO, ""),
    ("python", "Traceback (most recent call last):\n  x", Level.ERROR, ""),
    ("python", "print", Level.UNKNOWN, ""),
]


@pytest.mark.parametrize(("preset", "text", "level", "category"), SEEN)
def test_line_says_how_much_it_matters(
    preset: str, text: str, level: Level, category: str
) -> None:
    assert PRESETS[preset].judge(text) == (level, category)


FIRST = [
    ("unreal", ["[2024.01.31-12.00.00:123][ 12]LogNet: x", "LogInit: x"], ["Callstack", " at"]),
    (
        "unity",
        ["Loading scene", "NullReferenceException: x", "Time: 3", "x: y (z)"],
        ["  at A.B () [0x0]", "UnityEngine.Debug:Log (object)", "(Filename: a.cpp Line: 3)", ""],
    ),
    ("godot", ["ERROR: x", "text"], ["   at: f (a:1)"]),
    (
        "java",
        ["[12:00:00] x", "text"],
        ["\tat a.B.c(D.java:1)", "Caused by: x", "a.B$CException: x"],
    ),
    (
        "python",
        ["ERROR:root:x", "text"],
        [
            '  File "a.py"',
            "Traceback (most recent call last):",
            "ValueError: x",
            "KeyboardInterrupt",
        ],
    ),
]


@pytest.mark.parametrize(("preset", "begins", "joins"), FIRST)
def test_first_line_of_a_record_is_told_from_what_joins_it(
    preset: str, begins: list[str], joins: list[str]
) -> None:
    first = PRESETS[preset].first
    assert first is not None
    assert [line for line in begins if not first.match(line)] == []
    assert [line for line in joins if first.match(line)] == []


def test_plain_joins_nothing() -> None:
    assert PRESETS["plain"].first is None


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("piece", ["a.", "a", "1:", "[", " ", "Log", "A:", "\t", "[1] ", "(", "_"])
def test_no_line_makes_a_pattern_of_ours_slow(preset: str, piece: str) -> None:
    """It would block the loop; the test's own time limit is what fails."""
    chosen = PRESETS[preset]
    for line in (piece * 512, piece * 250 + "\x00", "LogX" + piece * 250):
        for _ in range(20):
            chosen.judge(line)
            if chosen.first:
                chosen.first.match(line[:512])
