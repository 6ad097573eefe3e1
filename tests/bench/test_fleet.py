"""A fleet ends whatever meets it, without beating the platform down."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from agent.core import verdicts
from agent.core.options import Options
from bench.fleet import LIMIT, SCENARIOS, TERM_AFTER, Outcome, Scenario, simulate

AGENTS = 200  # at a platform that is smaller likewise: ideally stopped within as many seconds
LIMIT_HERE = LIMIT * AGENTS / 10_000
IDEAL = AGENTS / LIMIT_HERE


def play(scenario: Scenario, policy: str = "as shipped") -> Outcome:
    small = replace(scenario, shipments=scenario.shipments * AGENTS / 10_000)
    return simulate(small, AGENTS, policy, LIMIT_HERE)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_every_agent_ends_its_deployment_in_time_and_within_reason(scenario: Scenario) -> None:
    outcome = play(scenario)
    agents = outcome.agents
    assert all(agent.left_at < math.inf for agent in agents)
    assert outcome.until_all_stopped < 2 * IDEAL + (scenario.retry_after or 0.0)
    assert outcome.calls_each < 40
    assert all(agent.calls[-1] <= agent.accepted_at + TERM_AFTER for agent in agents)
    budget = Options().stop_timeout  # whatever the log store does
    assert all(agent.calls[0] - agent.stop_at <= budget for agent in agents)


def test_nobody_comes_back_before_he_was_asked_to() -> None:
    scenario = Scenario("outage", spread=60.0, outage=60.0, retry_after=20.0)
    for agent in play(scenario).agents:
        assert all(b - a >= 20.0 for a, b in pairwise(agent.calls))


def test_retry_after_alone_keeps_a_herd_together() -> None:
    """Why the jitter comes on top: the same answer to all at once brings all back at once."""
    scenario = Scenario("at once", outage=120.0, retry_after=60.0)
    shipped, herd = play(scenario), play(scenario, "max(Retry-After, jitter)")
    assert 5 * shipped.until_all_stopped < herd.until_all_stopped


def test_without_jitter_a_fleet_deployed_at_once_takes_many_times_as_long() -> None:
    scenario = Scenario("at once", by="max_duration")
    shipped, herd = play(scenario), play(scenario, "no jitter at all")
    assert 5 * shipped.until_all_stopped < herd.until_all_stopped
    assert 2 * shipped.calls_each < herd.calls_each


def test_longest_pause_is_the_one_that_the_fleet_was_measured_with() -> None:
    scenario = Scenario("outage", spread=60.0, outage=60.0)
    assert verdicts.CAP_SECONDS == 30.0
    assert play(scenario, "pauses up to 10 s").calls_each > 1.2 * play(scenario).calls_each
