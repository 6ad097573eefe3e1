"""Several sources of players: who is believed, what a failed look means, when empty counts."""

import pytest

from agent.core import events as e
from agent.core.options import Options
from agent.core.phases import Phase, Reason
from agent.core.sources import chosen

from .life import GAME, TICK, Life, kinds
from .test_idle import timer


def seen(source: str, count: int | None = None, **more: object) -> e.PlayersCounted:
    return e.PlayersCounted(source, count, **more)  # type: ignore[arg-type]


def test_most_trusted_that_has_spoken_is_believed() -> None:
    life = Life.ready()
    story: list[tuple[e.Event, str, int | None]] = [
        (seen("traffic", crowd=True), "traffic", None),
        (seen("tcp", 3), "tcp", 3),
        (seen("traffic", 0), "tcp", 3),
        (seen("a2s", 2, capacity=8), "a2s", 2),
        (e.LinesMatched("stdout", 10, (("join", "ann"),)), "log", 1),
        (seen("a2s", 5), "log", 1),
        (e.PlayersSet(("ann", "bob", "cid")), "api", 3),
        (e.LinesMatched("stdout", 20, (("leave", "ann"),)), "api", 3),
    ]
    for now, (event, source, count) in enumerate(story, start=10):
        life.at(float(now), event)
        players = life.status.players
        assert (players.source, players.count, players.present) == (source, count, True)
    assert [each.name for each in life.status.players.sources] == [
        *("api", "log", "a2s", "tcp", "traffic")
    ]
    assert life.status.players.capacity == 8


def test_two_empty_looks_in_a_row_make_an_empty_server_since_the_first() -> None:
    life = Life.ready()
    life.at(10.0, seen("a2s", 0))
    assert (life.status.players.count, life.status.players.present) == (None, None)
    assert timer(life, Reason.NOBODY_JOINED).since is None
    life.at(20.0, seen("a2s", 0))
    assert life.status.players.count == 0
    assert timer(life, Reason.NOBODY_JOINED).since == 10.0


def test_one_empty_look_between_two_others_is_no_leave() -> None:
    life = Life.ready()
    for now, count in enumerate((2, 0, 1, 0), start=10):
        life.at(float(now), seen("a2s", count))
        assert life.state.players.present
    life.at(14.0, seen("a2s", 0))
    assert timer(life, Reason.EVERYBODY_LEFT).since == 13.0


def test_failed_look_is_unknown_and_no_less_trusted_source_speaks_for_it() -> None:
    life = Life.ready()
    life.at(10.0, seen("a2s", 0), seen("a2s", 0), seen("traffic", 0), seen("traffic", 0))
    life.at(20.0, seen("a2s", note="no answer within 1 s"))
    players = life.status.players
    assert (players.source, players.count, players.present) == ("a2s", None, None)
    text = timer(life, Reason.NOBODY_JOINED).why
    assert text.startswith("off, the players are unknown by a2s")
    assert "no answer within 1 s" in text
    life.at(30.0, seen("a2s", 0))
    assert timer(life, Reason.NOBODY_JOINED).since is None
    life.at(40.0, seen("a2s", 0))
    assert timer(life, Reason.NOBODY_JOINED).since == 30.0


def test_everybody_left_rests_while_the_players_are_unknown() -> None:
    life = Life.ready()
    life.at(10.0, seen("a2s", 1), seen("a2s", note="timeout"))
    assert timer(life, Reason.EVERYBODY_LEFT).since is None
    assert "unknown by a2s" in timer(life, Reason.EVERYBODY_LEFT).why


def test_source_that_never_answered_is_not_believed_but_shown() -> None:
    life = Life.ready()
    life.at(10.0, seen("a2s", note="no answer"), e.SourceHushed("traffic", "a shared network"))
    assert life.status.players.source is None
    assert [(each.name, each.note) for each in life.status.players.sources] == [
        ("a2s", "no answer"),
        ("traffic", "a shared network"),
    ]
    text = life.status.timers[1].text
    assert text.startswith("nobody_joined: off, no player source has spoken")
    assert "traffic: a shared network" in text
    assert "AGENT_PLAYERS" in text


def test_hushed_source_gives_way_to_the_next_which_does_not_speak_for_the_past() -> None:
    life = Life.ready()
    life.at(10.0, seen("traffic", 0), seen("traffic", 0))
    life.at(20.0, seen("tcp", 1))
    life.at(500.0, e.SourceHushed("tcp", "udp counts too"))
    assert life.status.players.source == "traffic"
    assert timer(life, Reason.EVERYBODY_LEFT).since == 500.0


def test_lines_that_were_taken_are_not_taken_again_by_a_successor() -> None:
    life = Life.ready()
    join = e.LinesMatched("stdout", 10, (("join", "ann"),))
    life.at(10.0, join, e.LinesMatched("stdout", 20, (("leave", "ann"),)), join)
    assert life.status.players.count == 0
    life.at(11.0, e.LinesMatched("stderr", 5, (("join", "bob"),)))
    assert life.status.players.ids == ("bob",)
    assert life.state.lines_read == {"stdout": 20, "stderr": 5}


def test_how_far_lines_were_read_outlives_the_game() -> None:
    life = Life.ready(on_game_crash="restart")
    life.at(10.0, e.LinesMatched("stdout", 10, (("join", "ann"),)), e.GameStarted(8))
    assert (life.status.players.count, life.state.lines_read) == (None, {"stdout": 10})


def test_log_that_was_chosen_says_nobody_until_somebody_joins() -> None:
    life = Life.ready(players="log", players_log=("mirror",))
    assert (life.status.players.source, life.status.players.count) == ("log", 0)


def test_log_in_which_nothing_can_be_read_says_nothing() -> None:
    assert Life.ready(players="log").status.players.source is None
    life = Life(Options(players="log", players_log=("mirror",)))
    life.at(0.0, GAME, e.SourceHushed("log", "kept in memory"), e.ReadyReported())
    assert life.status.players.source is None


def test_crowd_that_nobody_has_counted_is_somebody() -> None:
    life = Life.ready()
    life.at(10.0, seen("traffic", crowd=True))
    players = life.status.players
    assert (players.count, players.present) == (None, True)
    assert life.state.phase is Phase.IN_MATCH
    assert timer(life, Reason.EVERYBODY_LEFT).why == "off, somebody is there by traffic"
    life.at(20.0, seen("traffic", 2, crowd=True))
    assert life.status.players.count == 2


def test_same_word_again_is_no_news() -> None:
    life = Life.ready()
    life.at(10.0, seen("traffic", 0), seen("traffic", 0))
    revision = life.state.revision
    life.at(20.0, seen("traffic", 0))
    assert life.state.revision == revision
    assert life.status.players.age_seconds == 0.0


def test_timers_say_when_they_begin_and_why_they_rest() -> None:
    life = Life.ready()
    life.at(10.0, seen("a2s", 1))
    life.at(20.0, seen("a2s", 0))
    (begun,) = life.at(30.0, seen("a2s", 0))
    assert getattr(begun, "text", "") == "everybody_left: 10 s of 120 s, 0 players by a2s"
    assert life.status.timers[2].text == "everybody_left: 10 s of 120 s, 0 players by a2s"
    (rests,) = life.at(40.0, seen("a2s", 1))
    assert getattr(rests, "text", "") == "everybody_left: off, 1 player by a2s"


# Stale players.


def stale(*, after: float = 60.0) -> Life:
    """Return a game that says that ann is there, with traffic at first, none since 100 s."""
    life = Life.ready(stale_players=after)
    life.at(10.0, e.PlayerJoined("ann"))
    life.at(20.0, seen("traffic", crowd=True))
    life.at(30.0, e.PlayersSet(("ann",)))
    life.at(100.0, seen("traffic", 0))
    life.at(110.0, seen("traffic", 0))
    return life


def test_players_without_traffic_are_stale_warned_then_gone() -> None:
    life = stale()
    assert life.deadline == 160.0
    said = life.at(160.0, TICK)
    assert kinds(said) == ["Say", "Say"]
    assert "stale: 1 player by api" in getattr(said[0], "text", "")
    assert life.status.players.count == 0
    assert timer(life, Reason.EVERYBODY_LEFT).since == 160.0
    life.at(165.0, e.PlayersSet(("ann",)))
    assert life.status.players.count == 1


def test_stale_players_is_off_by_default() -> None:
    life = stale(after=0.0)
    life.at(9000.0, TICK)
    assert life.status.players.count == 1


@pytest.mark.parametrize("traffic", [(), (seen("traffic", 0), seen("traffic", 0))])
def test_game_that_never_had_traffic_has_no_stale_players(
    traffic: tuple[e.Event, ...],
) -> None:
    life = Life(Options(stale_players=60.0))
    life.at(0.0, GAME, e.ReadyReported(), e.PlayerJoined("ann"), *traffic)
    life.at(9000.0, TICK)
    assert life.status.players.count == 1


# Which sources.


def test_auto_is_every_source() -> None:
    assert chosen("auto") == {"api": 0, "log": 0, "a2s": 0, "tcp": 0, "traffic": 0}


def test_list_names_some_a2s_with_its_port_where_it_has_one_of_its_own() -> None:
    assert chosen("log, a2s:27015,tcp") == {"log": 0, "a2s": 27015, "tcp": 0}
    assert chosen("a2s") == {"a2s": 0}


@pytest.mark.parametrize("text", ["", "ping", "a2s:", "a2s:0", "a2s:70000", "a2s:x", "tcp:80"])
def test_what_is_no_source_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(ValueError, match="write auto, or a list of api, log, a2s, tcp, traffic"):
        chosen(text)
