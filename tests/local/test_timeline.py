"""The demo's lines can be read by people, by terminals, by programs."""

import io
import json

import pytest

from agent.local.timeline import Lane, Look, Timeline


def written(look: Look, *, missing: list[str] | None = None) -> str:
    out = io.StringIO()
    timeline = Timeline(out, look, begun_at=100.0)
    timeline.add(Lane.PLATFORM, "container started", "container_started", at=100.5)
    timeline.add(Lane.GAME, "hello", at=101.25)
    timeline.add(Lane.AGENT, "now")
    timeline.close(1, missing or [])
    return out.getvalue()


def test_plain_lines_have_time_lane_text() -> None:
    lines = written(Look.PLAIN).splitlines()
    assert lines[0] == "   0.500 s  platform | container started"
    assert lines[1] == "   1.250 s  game     | hello"
    assert lines[3].startswith("All 1 steps seen in ")


def test_coloured_lines_differ_by_colour_alone() -> None:
    text = written(Look.COLOURED)
    assert "\033[1mcontainer started\033[0m" in text
    assert "\033[32mgame     |\033[0m hello" in text
    assert "\033" not in written(Look.PLAIN)


def test_json_is_one_object_a_line() -> None:
    first, second, _, verdict = map(json.loads, written(Look.JSON).splitlines())
    assert first == {
        "seconds": 0.5,
        "lane": "platform",
        "text": "container started",
        "step": "container_started",
    }
    assert second["step"] is None
    assert verdict["ok"] is True
    assert verdict["missing"] == []


@pytest.mark.parametrize("look", Look)
def test_missing_steps_are_named(look: Look) -> None:
    text = written(look, missing=["game: its world is saved"])
    assert "game: its world is saved" in text
    assert "All" not in text
