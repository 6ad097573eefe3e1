"""The timers: unknown is not empty, a hold puts off, an occupied server is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import events as e
from agent.core import idle
from agent.core.options import Options
from agent.core.phases import Mode, Reason

from .life import AT_HOME, BORN, GAME, Life

NEVER = float("inf")
CONCLUDED = (
    Reason.NOBODY_JOINED,
    Reason.EVERYBODY_LEFT,
    Reason.MAX_DURATION,
    Reason.GAME_UNHEALTHY,
    Reason.START_TIMEOUT,
)


def timer(life: Life, reason: Reason) -> idle.Timer:
    return {each.reason: each for each in idle.timers(life.state, life.now, life.options)}[reason]


def test_each_timer_says_what_it_is_doing() -> None:
    life = Life()
    life.at(0.0, GAME)
    assert [each.reason for each in idle.timers(life.state, 0.0, life.options)] == [
        Reason.START_TIMEOUT,
        Reason.NOBODY_JOINED,
        Reason.EVERYBODY_LEFT,
        Reason.MAX_DURATION,
        Reason.GAME_UNHEALTHY,
    ]
    assert all(each.why for each in idle.timers(life.state, 0.0, life.options))


def test_timers_can_be_off() -> None:
    off = {"start_timeout": 0.0, "nobody_joined": 0.0, "everybody_left": 0.0, "max_duration": 0.0}
    life = Life(Options(**off))  # type: ignore[arg-type]
    life.at(0.0, GAME)
    for each in idle.timers(life.state, 0.0, life.options)[:4]:
        assert (each.since, each.due, each.why) == (None, NEVER, "off")
    assert life.deadline == NEVER


def test_start_counts_from_the_games_start() -> None:
    life = Life()
    life.at(2.0, e.Resynced(7, 1.5, None, None, on_edgegap=True))
    assert timer(life, Reason.START_TIMEOUT).due == 601.5


@pytest.mark.parametrize(
    "sign",
    [
        e.PortsChecked(bound=("game",), missing=("query",)),
        e.CallArrived(),
        e.GameExited(0),
        e.ReadyReported(),
    ],
)
def test_start_counts_no_more_once_there_is_a_sign(sign: e.Event) -> None:
    life = Life()
    life.at(0.0, e.Resynced(7, 0.0, None, None, True, ("game", "query")), sign)
    assert timer(life, Reason.START_TIMEOUT).since is None


def test_start_counts_no_more_once_a_player_was_there_whatever_the_game_says() -> None:
    life = Life.ready()
    life.at(6.0, e.PlayerJoined("ann"))
    assert timer(life, Reason.START_TIMEOUT).why == "the game is past its start"


def test_nobody_joined_does_not_run_while_nobody_has_counted() -> None:
    life = Life.ready()
    assert timer(life, Reason.NOBODY_JOINED).since is None
    assert "unknown is not empty" in timer(life, Reason.NOBODY_JOINED).why


def test_nobody_joined_does_not_count_the_time_before_anybody_counted() -> None:
    life = Life.ready()
    life.at(5000.0, e.PlayersSet())
    assert timer(life, Reason.NOBODY_JOINED).due == 5300.0


def test_nobody_joined_counts_from_ready_where_the_count_came_before() -> None:
    life = Life()
    life.at(0.0, GAME, e.PlayersSet())
    assert timer(life, Reason.NOBODY_JOINED).why.startswith("counts from game ready")
    life.at(100.0, e.ReadyReported())
    assert timer(life, Reason.NOBODY_JOINED).due == 400.0


def test_nobody_joined_is_over_once_somebody_was_there() -> None:
    life = Life.ready(players="api")
    life.at(10.0, e.PlayerJoined("ann"), e.PlayerLeft("ann"))
    assert timer(life, Reason.NOBODY_JOINED).why == "off, somebody has joined"
    assert timer(life, Reason.EVERYBODY_LEFT).due == 130.0


def test_everybody_left_does_not_run_with_somebody_there() -> None:
    life = Life.ready()
    assert timer(life, Reason.EVERYBODY_LEFT).why == "off, nobody was here yet"
    life.at(10.0, e.PlayersSet(count=2))
    assert timer(life, Reason.EVERYBODY_LEFT).why == "off, 2 players by api"
    assert timer(life, Reason.EVERYBODY_LEFT).since is None


def test_everybody_left_waits_for_the_game_to_be_ready() -> None:
    life = Life(Options(ready_when="api"))
    life.at(0.0, GAME, e.GameExited(0))  # a stop is on: the phase is past ready
    life.at(1.0, e.PlayerJoined("ann"), e.PlayerLeft("ann"))
    assert timer(life, Reason.EVERYBODY_LEFT).why.startswith("counts once the game is ready")


@pytest.mark.parametrize(
    ("seconds", "due"),
    [(5.0, 130.0), (120.0, 130.0), (500.0, 510.0)],
    ids=["early", "same", "late"],
)
def test_hold_puts_a_timer_off_to_its_own_end_at_most(seconds: float, due: float) -> None:
    life = Life.ready()
    life.at(10.0, e.PlayerJoined("ann"), e.PlayerLeft("ann"), e.HoldPlaced(seconds, "boss"))
    assert timer(life, Reason.EVERYBODY_LEFT).due == due
    assert timer(life, Reason.EVERYBODY_LEFT).why.endswith("on hold for boss") == (due > 130.0)


def test_hold_without_a_reason_is_told_too() -> None:
    life = Life.ready(players="api")
    life.at(10.0, e.HoldPlaced(900.0))
    assert timer(life, Reason.NOBODY_JOINED).why == "0 players by api; on hold"


def test_hold_that_is_over_puts_nothing_off() -> None:
    life = Life.ready(players="api")
    life.at(10.0, e.HoldPlaced(900.0))
    assert idle.timers(life.state, 910.0, life.options)[1].due == 305.0


def test_hold_does_not_put_off_what_is_not_idleness() -> None:
    life = Life.ready()
    life.at(10.0, e.HealthReported("healthy"), e.HoldPlaced(1e6))
    assert timer(life, Reason.MAX_DURATION).due == 84_600.0
    assert timer(life, Reason.GAME_UNHEALTHY).due == 70.0


def test_health_is_watched_only_where_a_game_runs() -> None:
    life = Life.ready()
    assert timer(life, Reason.GAME_UNHEALTHY).why == "armed by the first health ping"
    life.at(10.0, e.HealthReported("healthy"))
    assert timer(life, Reason.GAME_UNHEALTHY).why == "waits for the next health ping"
    assert idle.timers(life.state, 70.0, life.options)[4].why == "no health ping"
    life.at(20.0, e.GameExited(0))
    assert timer(life, Reason.GAME_UNHEALTHY).why == "no game is running"


@pytest.mark.parametrize("reason", list(Reason))
def test_observing_enforces_nothing(reason: Reason) -> None:
    assert not idle.is_enforced(reason, BORN, Options(mode=Mode.OBSERVE))


@pytest.mark.parametrize("reason", list(Reason))
def test_what_we_conclude_is_only_noted_outside_edgegap(reason: Reason) -> None:
    life = Life()
    life.at(0.0, AT_HOME)
    is_fact = reason not in (*CONCLUDED, Reason.PLATFORM_SIGTERM)
    assert idle.is_enforced(reason, life.state, Options()) is is_fact
    assert idle.is_enforced(reason, life.state, Options(mode_given=True))
    life.at(0.0, GAME)
    assert idle.is_enforced(reason, life.state, Options())


@given(st.floats(0.0, 1e6), st.floats(0.0, 1.0))
def test_jitter_is_a_tenth_and_half_a_minute_at_most(limit: float, luck: float) -> None:
    with_jitter = idle.jittered(limit, luck)
    assert limit <= with_jitter <= limit + min(0.1 * limit, 30.0) * (1 + 1e-9) + 1e-9
    assert idle.jittered(limit, 0.0) == limit
