"""Faults are ordered by a short text."""

import pytest

from agent.errors import SettingsError
from agent.local.faults import Fault, Hang, Lost, Refusal, Reset, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("503", [Refusal(503)]),
        ("503x3", [Refusal(503)] * 3),
        ("429:2s, 403", [Refusal(429, 2), Refusal(403)]),
        ("hang:10s,reset", [Hang(10.0), Reset()]),
        ("lostx2,resetx1", [Lost(), Lost(), Reset()]),
        ("503x0", []),
    ],
)
def test_text_is_read(text: str, expected: list[Fault]) -> None:
    assert list(parse(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "x3", "503x", "503xx2", "200", "700", "hang", "reset:1", "lost:1", "boom", "503,"]
)
def test_other_text_is_refused_with_what_is_right(text: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the faults .*: write 503, 503x2"):
        parse(text)
