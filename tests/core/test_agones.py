"""A deployment as an Agones game server, state by state."""

from agent.core import agones
from agent.core import events as e
from agent.core.options import Options
from agent.core.phases import Phase, Reason
from tests.core.life import GAME, READY, TICK, Life


def life(allocate: str = "ready", **options: object) -> Life:
    it = Life(Options(sdk=("agones",), agones_allocate=allocate, **options))  # type: ignore[arg-type]
    it.at(0.0, GAME)
    return it


def state(it: Life) -> str:
    assert it.status.agones is not None
    return it.status.agones.state


def ready(it: Life, now: float) -> None:
    """Make the face's Ready call, as the translator does."""
    it.now = now
    assert it.status.agones is not None
    ends = it.status.agones.ready_ends_match
    it.at(now, READY, *([e.MatchEnded()] if ends else []), e.GameServerMoved("Ready"))


def test_face_that_is_off_shows_nothing() -> None:
    assert Life.ready().status.agones is None


def test_ready_is_seen_before_it_is_allocated_by_itself() -> None:
    it = life()
    assert state(it) == "Scheduled"
    ready(it, 5.0)
    assert state(it) == "Ready"
    assert it.deadline == 5.0 + agones.ALLOCATE_AFTER
    it.at(it.deadline, TICK)
    assert (state(it), it.status.phase) == ("Allocated", Phase.IN_MATCH)
    assert it.status.agones is not None
    assert it.status.agones.allocated_seconds_ago == 0.0


def test_ready_said_again_is_no_match_end() -> None:
    it = life()
    ready(it, 5.0)
    it.at(it.deadline, TICK)
    ready(it, 20.0)
    assert (state(it), it.status.stop) == ("Allocated", None)


def test_ready_after_a_match_is_its_end() -> None:
    it = life()
    ready(it, 5.0)
    it.at(it.deadline, TICK)
    it.at(10.0, e.PlayersSet(("ann",)))
    ready(it, 20.0)
    assert state(it) == "Shutdown"
    assert it.status.stop is not None
    assert it.status.stop.reason is Reason.MATCH_ENDED


def test_ready_after_the_games_own_allocate_is_the_matchs_end() -> None:
    it = life("never")
    ready(it, 5.0)
    assert it.deadline > 100.0
    it.at(6.0, e.GameServerMoved("Allocated"), e.MatchStarted("agones"))
    ready(it, 7.0)
    assert state(it) == "Shutdown"


def test_several_matches_in_one_deployment_are_allocated_one_after_the_other() -> None:
    it = life(on_match_end="ready")
    ready(it, 5.0)
    it.at(it.deadline, TICK)
    ready(it, 100.0)
    assert (state(it), it.status.phase) == ("Ready", Phase.READY)
    it.at(it.deadline, TICK)
    assert (state(it), it.status.phase) == ("Allocated", Phase.IN_MATCH)


def test_allocation_follows_the_match_where_that_is_wanted() -> None:
    it = life("match", on_match_end="ready")
    ready(it, 5.0)
    it.at(6.0, e.PlayersSet(("ann",)))
    it.at(6.0, TICK)
    assert state(it) == "Allocated"
    it.at(9.0, e.PlayersSet(()))
    it.at(9.0, TICK)
    assert state(it) == "Ready"


def test_reservation_ends_by_itself() -> None:
    it = life("never")
    ready(it, 5.0)
    it.at(6.0, e.GameServerMoved("Reserved", 30.0))
    assert (state(it), it.deadline) == ("Reserved", 36.0)
    it.at(36.0, TICK)
    assert state(it) == "Ready"


def test_reservation_without_an_end_stays() -> None:
    it = life("never")
    it.at(6.0, e.GameServerMoved("Reserved"))
    it.at(100.0, TICK)
    assert state(it) == "Reserved"


def test_unhealthy_game_is_shown_as_such() -> None:
    it = life("never")
    it.at(6.0, READY, e.HealthReported("unhealthy"))
    assert state(it) == "Unhealthy"


def test_what_was_noted_outlives_the_games_life() -> None:
    it = life("never", on_game_crash="restart")
    it.at(
        5.0,
        e.GameServerNoted("label", "map", "dust"),
        e.GameServerNoted("annotation", "note", "x"),
        e.GameServerCounted("rooms", 1, 10),
        e.GameServerListed("players", 5, ("ann",)),
        e.GameServerMoved("Allocated"),
        e.GameStarted(8),
    )
    server = it.status.agones
    assert server is not None
    assert (server.labels, server.annotations) == ({"map": "dust"}, {"note": "x"})
    assert (server.counters, server.lists) == ({"rooms": (1, 10)}, {"players": (5, ("ann",))})
    assert server.state == "Scheduled"
