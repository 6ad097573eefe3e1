"""What a fact changes in what we know, before anything is decided."""

from dataclasses import replace
from typing import assert_never

from . import agones, exits
from . import events as e
from .checks import FATAL, Checked, looked
from .health import heard
from .phases import Phase, Report
from .players import hushed, joined, left, seen, told
from .sources import Trust
from .state import Game, Hold, Match, Owed, Ports, State, renew


def absorb(state: State, event: e.Event, now: float) -> State:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one case an event
    """Return what is known after *event*; the same object where nothing is new."""
    match event:
        case e.Resynced():
            return _resynced(state, event, now)
        case e.GameStarted(pid=pid):
            return _game_started(state, pid, now)
        case e.GameExited(status=status):
            return _game_exited(state, status)
        case e.GameNotStarted():
            game = replace(state.game, pid=None, exit=exits.NOT_STARTED, restart_at=None)
            return replace(state, game=game)
        case e.TermReceived(at=at):
            return _term_received(state, now if at is None else at)
        case e.PortsChecked():
            return _ports_checked(state, event, now)
        case e.ConditionChecked():
            return _condition_checked(state, event, now)
        case e.CallArrived():
            return state if state.api_spoken else replace(state, api_spoken=True)
        case e.CallNoted(name=name):
            return state if name in state.calls else replace(state, calls=(*state.calls, name))
        case e.ReadyReported():
            waits = state.phase is Phase.STARTING and not state.says_ready
            return replace(state, says_ready=True) if waits else state
        case e.DeadlinePassed() | e.StopRequested() | e.MatchEnded():
            return state  # decided on, not remembered by themselves
        case e.HealthReported(status=status, seconds=seconds):
            return replace(state, pulse=heard(state.pulse, status, seconds, now))
        case e.MatchStarted(id=id_):
            return _match_started(state, id_, now)
        case e.PlayersSet(ids=ids, count=count, capacity=capacity):
            return replace(state, players=told(state.players, ids, count, capacity, now))
        case e.PlayerJoined(id=id_):
            return replace(state, players=joined(state.players, id_, now))
        case e.PlayerLeft(id=id_):
            return replace(state, players=left(state.players, id_, now))
        case e.PlayersCounted():
            return _players_counted(state, event, now)
        case e.SourceHushed(source=source, note=note):
            return replace(state, players=hushed(state.players, source, note, now))
        case e.LinesMatched():
            return _lines_matched(state, event, now)
        case e.HoldPlaced(seconds=seconds, why=why):
            return replace(state, hold=Hold(now + seconds, why))
        case e.HoldReleased():
            return state if state.hold is None else replace(state, hold=None)
        case e.LogsShipped(left=left_bytes):
            return _logs_shipped(state, left_bytes)
        case e.CrashReported(number=number):
            return _crash_reported(state, number)
        case e.SelfStopAccepted(detail=detail):
            return _answered(state, Report.ACCEPTED, detail, now)
        case e.SelfStopGone(detail=detail):
            return _answered(state, Report.GONE, detail, now)
        case e.SelfStopRejected(detail=detail):
            return _answered(state, Report.REJECTED, detail, now)
        case e.SelfStopFailed(detail=detail):
            owed = replace(state.owed, attempts=state.owed.attempts + 1, detail=detail)
            return replace(state, owed=owed, tally=state.tally.answered("failed"))
        case (
            e.GameServerMoved()
            | e.GameServerNoted()
            | e.GameServerCounted()
            | e.GameServerListed()
        ):
            return replace(state, server=_server_told(state.server, event, now))
        case _ as unreachable:
            assert_never(unreachable)


def _server_told(
    server: agones.GameServer,
    event: e.GameServerMoved | e.GameServerNoted | e.GameServerCounted | e.GameServerListed,
    now: float,
) -> agones.GameServer:
    match event:
        case e.GameServerMoved(state=asked, seconds=seconds):
            return agones.moved(server, asked, seconds, now)
        case e.GameServerNoted(kind=kind, key=key, value=value):
            return agones.noted(server, kind, key, value)
        case e.GameServerCounted(name=name, count=count, capacity=capacity):
            return agones.counted(server, name, count, capacity)
        case e.GameServerListed(name=name, capacity=capacity, values=values):
            return agones.listed(server, name, capacity, values)
        case _ as unreachable:
            assert_never(unreachable)


def _resynced(state: State, event: e.Resynced, now: float) -> State:
    """Take PID 1's truth; whatever we had ordered may have died with the agent before us."""
    is_first = not state.agent_starts
    state = replace(
        state,
        on_edgegap=event.on_edgegap,
        ports=replace(state.ports, declared=event.declared_ports),
        stop=state.stop and replace(state.stop, announced=False),
        owed=_unasked(state.owed, now),
        agent_starts=event.start or state.agent_starts + 1,
    )
    if event.term_at is not None:
        state = _term_received(state, event.term_at)
    if event.game_exit is not None or event.game_pid is None:
        if event.game_exit is not None and (is_first or state.game.is_running):
            state = _ended(state, event.game_exit)
        game = replace(
            state.game, pid=None, started_at=event.game_started_at, exit=event.game_exit
        )
        return replace(state, game=game)
    state = _game_started(state, event.game_pid, now)
    game = replace(state.game, started_at=event.game_started_at, killed=False)
    return replace(state, game=game)


def _game_exited(state: State, status: int) -> State:
    if state.game.is_running:  # else it is told once more
        state = _ended(state, status)
    return replace(state, game=replace(state.game, pid=None, exit=status))


def _ended(state: State, status: int) -> State:
    """Count an end as a crash where it failed and nobody had asked for it."""
    is_asked = state.stop is not None or state.term_at is not None or state.game.killed
    if is_asked or not exits.is_crash(status):
        return state
    crashes = state.tally.game_crashes + 1
    return replace(state, tally=replace(state.tally, game_crashes=crashes))


def _logs_shipped(state: State, left_bytes: int) -> State:
    """Take note; what is left is sent on while the platform's SIGTERM is awaited, no longer."""
    if state.stop is None:
        return state
    owed = left_bytes if state.term_at is None else 0
    return replace(state, stop=replace(state.stop, shipped=True, left_bytes=owed))


def _crash_reported(state: State, number: int) -> State:
    crash = state.crash
    if crash is None or crash.number != number:
        return state
    return replace(state, crash=replace(crash, told=True))


def _unasked(owed: Owed, now: float) -> Owed:
    """Send again at once what a courier carried: it died with its agent."""
    return replace(owed, asked=False, repeat_at=now) if owed.asked else owed


def _term_received(state: State, at: float) -> State:
    return state if state.term_at is not None else replace(state, term_at=at)


def _game_started(state: State, pid: int, now: float) -> State:
    """Begin a life of the game, unless it is the one that we know."""
    if pid == state.game.pid:
        return state
    game = Game(pid=pid, started_at=now, restarts=state.game.restarts)
    if state.game.started_at is not None:
        tally = replace(state.tally, game_restarts=state.tally.game_restarts + 1)
        state = replace(state, tally=tally)
    again = " again" if state.game.restarts else ""
    return renew(state, game, now, f"the game is starting{again}")


def _ports_checked(state: State, event: e.PortsChecked, now: float) -> State:
    known = state.ports
    if (event.bound, event.other, event.certain) == (known.bound, known.other, known.certain):
        return state
    is_new = not set(event.bound) <= set(known.bound)
    changed_at = now if is_new else known.changed_at
    return replace(
        state,
        ports=Ports(known.declared, event.bound, event.other, changed_at, event.certain),
    )


def _condition_checked(state: State, event: e.ConditionChecked, now: float) -> State:
    """Take a look; before game ready, amid a map travel, only a fatal line is a failure."""
    before = state.checks.get(event.check)
    checked = looked(before, now, holds=event.holds, note=event.note, is_busy=event.busy)
    is_early = state.ready_at is None or now < state.pulse.loading_until
    if is_early and not event.check.startswith(FATAL):
        checked = Checked(event.holds, event.note)
    if checked == before:
        return state
    return replace(state, checks={**state.checks, event.check: checked})


def _players_counted(state: State, event: e.PlayersCounted, now: float) -> State:
    players = seen(
        state.players,
        event.source,
        event.count,
        now,
        is_crowd=event.crowd,
        capacity=event.capacity,
        note=event.note,
    )
    has_failed = event.count is None and not event.crowd
    if has_failed and players != state.players:  # else it goes on failing
        state = replace(state, tally=state.tally.source_failed(event.source))
    return replace(state, players=players)


def _lines_matched(state: State, event: e.LinesMatched, now: float) -> State:
    """Take the moves with the place where they end: neither is ever known without the other."""
    if event.end <= state.lines_read.get(event.stream, 0):
        return state
    players = state.players
    for move, id_ in event.moves:
        players = (joined if move == "join" else left)(players, id_, now, Trust.LOG.value)
    read = {**state.lines_read, event.stream: event.end}
    return replace(state, players=players, lines_read=read)


def _match_started(state: State, id_: str, now: float) -> State:
    if state.match is not None and state.match.id == id_:
        return state
    return replace(state, match=Match(id_, now), tells_matches=True)


def _answered(state: State, report: Report, detail: str, now: float) -> State:
    """Take the platform's answer, if we have asked: a stray one must not pass for ours."""
    owed = state.owed
    if not owed.asked:
        return state
    was, says = (each is Report.REJECTED for each in (owed.report, report))
    since = now if owed.report is Report.OWED or was != says else owed.since
    return replace(
        state,
        owed=Owed(report, owed.attempts + 1, detail, since=since),
        tally=state.tally.answered(report.value),
    )
