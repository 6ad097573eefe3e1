"""One flat row of fields; what is not known is left out."""

from dataclasses import replace

from agent.core import events as e
from agent.core.statusline import fields
from agent.core.usage import ContainerUsage, NetworkUsage, ProcessUsage, Usage

from .life import Life

MIB = 1 << 20
GAME = ProcessUsage(2.0, 64 * MIB, processes=1, threads=8, descriptors=None)
BOX = ContainerUsage(
    source="cgroup v2",
    cpu_seconds=5.0,
    cpu_limit=2.0,
    throttled_seconds=1.0,
    memory_bytes=100 * MIB,
    memory_limit=512 * MIB,
    oom_kills=0,
)
LOOK = Usage(100.0, BOX, NetworkUsage(1000, 10, 2000, 20), {"game": GAME})
LATER = Usage(
    160.0,
    replace(BOX, cpu_seconds=35.0, throttled_seconds=4.5),
    NetworkUsage(7000, 10, 14_000, 20),
    {"game": replace(GAME, cpu_seconds=32.0)},
)


def test_row_tells_how_it_stands_with_every_timer_in_words() -> None:
    life = Life.ready()
    life.at(10.0, e.PlayersSet(count=2, capacity=8))
    life.at(20.0, e.PlayersSet(count=0))
    life.now = 61.0
    row = fields(life.status)
    assert (row["boot"], row["phase"], row["players"], row["capacity"]) == ("b", "ready", 0, 8)
    assert (row["players_source"], row["players_age_seconds"]) == ("api", 41.0)
    assert row["everybody_left"] == "41 s of 120 s, 0 players by api"
    assert row["nobody_joined"] == "off, somebody has joined"
    assert (row["seconds_played"], row["seconds_empty"], row["seconds_unknown"]) == (10, 41, 10)
    assert "stop" not in row
    assert "cores" not in row


def test_what_is_unknown_is_said_and_why_a_timer_is_off() -> None:
    row = fields(Life.ready().status)
    assert row["players"] == "unknown"
    assert str(row["nobody_joined"]).startswith("off, no player source has spoken")
    assert "players_source" not in row
    assert "would_stops" not in row


def test_crowd_that_nobody_has_counted_is_some() -> None:
    status = Life.ready().status
    players = [replace(status.players, present=present) for present in (True, False)]
    rows = [fields(replace(status, players=each)) for each in players]
    assert [row["players"] for row in rows] == ["some", 0]


def test_stop_is_told_while_it_is_on() -> None:
    life = Life.ready()
    life.at(10.0, e.StopRequested("enough"))
    row = fields(life.status)
    assert (row["stop"], row["stop_stage"], row["self_stop"]) == ("requested", "ask", "not_owed")


def test_first_look_tells_no_rates() -> None:
    row = fields(Life.ready().status, LOOK)
    assert (row["memory_mib"], row["memory_limit_mib"], row["cores_limit"]) == (100, 512, 2.0)
    assert (row["game_memory_mib"], row["game_threads"], row["oom_kills"]) == (64, 8, 0)
    assert not {"cores", "game_cores", "game_descriptors", "throttled_seconds"} & row.keys()


def test_next_look_tells_what_was_taken_since() -> None:
    row = fields(Life.ready().status, LATER, LOOK)
    assert (row["cores"], row["game_cores"], row["throttled_seconds"]) == (0.5, 0.5, 3.5)
    assert (row["received_bytes_per_second"], row["sent_bytes_per_second"]) == (100.0, 200.0)


def test_what_the_kernel_does_not_tell_is_left_out() -> None:
    bare = Usage(160.0, ContainerUsage("processes", 1.0), None, {"agent": GAME})
    row = fields(Life.ready().status, bare, LOOK)
    missing = {"throttled_seconds", "memory_limit_mib", "agent_cores", "sent_bytes_per_second"}
    assert not missing & row.keys()
    bare = replace(bare, at=100.0)
    assert fields(Life.ready().status, bare, bare)["cores"] == 0.0
