"""A raw wait status says how a process ended."""

import os
import signal

import pytest

from agent.core import exits


@pytest.mark.parametrize(
    ("status", "code", "words", "end"),
    [
        (0, 0, "exit status 0", "asked"),
        (7 << 8, 7, "exit status 7", "crash"),
        (255 << 8, 255, "exit status 255", "crash"),
        (exits.NOT_STARTED, 127, "exit status 127", "crash"),
        (15, 143, "killed by SIGTERM", "asked"),
        (2, 130, "killed by SIGINT", "asked"),
        (1, 129, "killed by SIGHUP", "asked"),
        (9, 137, "killed by SIGKILL", "crash"),
        (6 | 0x80, 134, "killed by SIGABRT (core dumped)", "crash"),
        (11 | 0x80, 139, "killed by SIGSEGV (core dumped)", "crash"),
        (143 << 8, 143, "exit status 143", "asked"),
        (139 << 8, 139, "exit status 139", "crash"),
    ],
)
def test_status_is_told(status: int, code: int, words: str, end: str) -> None:
    assert exits.code(status) == code
    assert exits.words(status) == words
    assert exits.is_crash(status) == (end == "crash")


def test_signal_without_a_name_is_told_by_its_number() -> None:
    assert exits.words(signal.SIGRTMIN + 3) == f"killed by signal {signal.SIGRTMIN + 3}"


@pytest.mark.parametrize("status", [0, 256, 9, 11, 15, 139])
def test_code_agrees_with_the_standard_library(status: int) -> None:
    told = os.waitstatus_to_exitcode(status)
    assert exits.code(status) == (told if told >= 0 else 128 - told)
