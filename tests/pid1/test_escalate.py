import pytest

from agent.core import budget
from agent.pid1.escalate import NEVER, Escalation

TERM, INT, HUP = 15, 2, 1


def test_nothing_is_due_before_a_stop() -> None:
    it = Escalation(30, TERM)
    for alone in (True, False):
        assert it.signal_due(alone=alone) == NEVER
        assert it.kill_due(alone=alone) == NEVER
        assert it.end_due(alone=alone) == NEVER
    assert not it.is_on


@pytest.mark.parametrize("grace", [0.5, 3, 5, 10, 30, 3600])
def test_sigterm_fixes_all_deadlines_within_the_grace(grace: float) -> None:
    it = Escalation(grace, TERM)
    assert it.term(TERM, 100)
    assert it.signal_due(alone=False) == 100
    assert 100 < it.kill_due(alone=True) == budget.kill_at(100, grace)
    assert it.kill_due(alone=False) == it.kill_due(alone=True) + 0.25
    assert it.kill_due(alone=True) < it.end_due(alone=False) < 100 + grace


def test_second_request_changes_nothing() -> None:
    it = Escalation(5, TERM)
    it.term(INT, 100)
    before = vars(it).copy()
    assert not it.term(TERM, 101)
    assert vars(it) == before
    assert it.term_signum == INT


def test_plan_delays_the_signal_only_while_an_agent_answers() -> None:
    it = Escalation(60, TERM)
    it.plan(HUP, 7)
    it.term(TERM, 100)
    assert it.signum == HUP
    assert it.signal_due(alone=False) == 107
    assert it.signal_due(alone=True) == 100


def test_negative_delay_is_none() -> None:
    it = Escalation(60, TERM)
    it.plan(TERM, -7)
    it.term(TERM, 100)
    assert it.signal_due(alone=False) == 100


def test_stop_of_our_own_gives_its_agent_a_margin() -> None:
    it = Escalation(5, TERM)
    it.order(signal_at=10, kill_at=20, end_at=30, report=False)
    assert (it.signal_due(alone=True), it.signal_due(alone=False)) == (10, 10.25)
    assert (it.kill_due(alone=True), it.kill_due(alone=False)) == (20, 20.25)
    assert (it.end_due(alone=True), it.end_due(alone=False)) == (30, 30.25)


def test_stop_that_has_to_be_reported_does_not_end_us() -> None:
    it = Escalation(5, TERM)
    it.order(signal_at=10, kill_at=20, end_at=30, report=True)
    assert it.end_due(alone=True) == NEVER
    it.term(TERM, 15)
    assert it.end_due(alone=True) == budget.end_at(15, 5)


def test_later_order_can_only_shorten() -> None:
    it = Escalation(5, TERM)
    it.term(TERM, 100)
    kill, end = it.kill_at, it.end_at
    it.order(signal_at=900, kill_at=900, end_at=900, report=True)
    assert (it.kill_at, it.end_at, it.report) == (kill, end, False)
    it.order(signal_at=101, kill_at=102, end_at=103, report=False)
    assert (it.kill_at, it.end_at) == (102, 103)


def test_each_second_ctrl_c_brings_the_next_step() -> None:
    it = Escalation(600, TERM)
    it.plan(TERM, 100)
    it.term(INT, 0)
    it.hurry(1, signalled=False, killed=False)
    assert it.signal_due(alone=False) == 1
    it.hurry(2, signalled=True, killed=False)
    assert it.kill_due(alone=False) == 2
    it.hurry(3, signalled=True, killed=True)
    assert it.end_due(alone=False) == 3
