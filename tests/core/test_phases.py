"""Every phase can be reached, every one leads to the end."""

from agent.core.phases import TRANSITIONS, Phase


def reach(start: Phase) -> set[Phase]:
    """Return the phases that can follow, sooner or later."""
    known: set[Phase] = set()
    news = {start}
    while news:
        known |= news
        news = {after for each in news for after in TRANSITIONS[each]} - known
    return known - {start}


def test_table_names_every_phase() -> None:
    assert set(TRANSITIONS) == set(Phase)


def test_every_phase_comes_after_starting() -> None:
    assert reach(Phase.STARTING) == set(Phase) - {Phase.STARTING}


def test_every_phase_leads_to_the_end_which_leads_nowhere() -> None:
    assert all(Phase.STOPPED in reach(phase) for phase in set(Phase) - {Phase.STOPPED})
    assert TRANSITIONS[Phase.STOPPED] == frozenset()


def test_stop_is_never_taken_back() -> None:
    for phase in (Phase.DRAINING, Phase.STOPPING):
        assert reach(phase) <= {Phase.STOPPING, Phase.STOPPED}


def test_any_phase_may_go_to_stopping() -> None:
    assert all(
        Phase.STOPPING in reach(phase) for phase in set(Phase) - {Phase.STOPPED, Phase.STOPPING}
    )
