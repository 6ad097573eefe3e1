"""Dockerfile.example, as far as it can be judged without an engine; make containers builds it."""

import json
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "Dockerfile.example").read_text()
STEPS = [
    line.partition(" ")[::2]
    for line in TEXT.splitlines()
    if line.strip() and not line.startswith("#")
]


def of(word: str) -> list[str]:
    return [text for name, text in STEPS if name == word]


def test_one_line_brings_the_agent_in() -> None:
    assert len(of("FROM")) == 2
    assert [text for text in of("COPY") if "/opt/agent" in text] == [
        "--from=agent /opt/agent /opt/agent"
    ]
    assert not of("RUN")


def test_game_runs_as_nobody_special_with_the_agent_in_front() -> None:
    assert of("USER")[-1].partition(":")[0].isdecimal()
    assert of("USER")[-1][0] != "0"
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(of("ENTRYPOINT")[0]) == ["/opt/agent/entrypoint.sh"]
    assert json.loads(of("CMD")[0])


def test_health_check_is_a_comment_that_says_why() -> None:
    lines = TEXT.splitlines()
    at = next(number for number, line in enumerate(lines) if "HEALTHCHECK" in line)
    assert lines[at][0] == "#"
    assert "does not run" in lines[at - 1]
