"""Whole lives of a deployment, told and checked against what was agreed.

After a wanted change ``REGENERATE_TRACES=1 pytest tests/core/test_traces.py`` writes the
core's words below the facts; read the difference against the design before it is kept.
"""

import os
from dataclasses import replace

import pytest

from agent.core.phases import Report

from .trace import NAMES, Trace, leaves, play, truth


def test_there_are_stories() -> None:
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_story_is_told_as_agreed(name: str) -> None:
    trace = Trace.read(name)
    told = trace.told()
    if os.environ.get("REGENERATE_TRACES"):
        trace.path.write_text(told)
    assert told == trace.path.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_story_that_a_new_agent_goes_on_with_ends_the_same_way(name: str) -> None:
    """The agent dies after each of the facts in turn; its successor hears PID 1's truth."""
    trace = Trace.read(name)
    whole, ordered = play(trace.facts, trace.options)
    for cut in range(1, len(trace.facts) + 1):
        before, after = trace.facts[:cut], trace.facts[cut:]
        resync = ((before[-1][0], truth(before)),)
        ended, reordered = play(before + resync + after, trace.options)
        assert leaves(reordered) == leaves(ordered)
        assert replace(ended, revision=0, agent_starts=0) == replace(
            whole, revision=0, agent_starts=0
        )


@pytest.mark.parametrize("name", NAMES)
def test_self_stop_without_an_answer_is_ordered_again_by_a_new_agent(name: str) -> None:
    trace = Trace.read(name)
    for cut in range(1, len(trace.facts) + 1):
        before = trace.facts[:cut]
        state, _ = play(before, trace.options)
        _, effects = play(((before[-1][0], truth(before)),), trace.options, state)
        sent = [effect for effect in effects if type(effect).__name__ == "SendSelfStop"]
        is_awaited = state.owed.asked and state.left is None
        assert len(sent) == (1 if is_awaited else 0)
        assert not is_awaited or state.owed.report is not Report.NOT_OWED
