"""The status as readers see it, made from the state."""

from . import agones, exits, idle
from .ailing import illness
from .health import judge
from .options import Options
from .phases import Health, Mode, Phase, Reason, Report
from .players import Players
from .readiness import waits_for
from .snapshot import (
    CheckStatus,
    CountsStatus,
    GameServerStatus,
    GameStatus,
    HoldStatus,
    MatchStatus,
    PlayersStatus,
    PortsStatus,
    ReportStatus,
    SourceStatus,
    Status,
    StopStatus,
    TimerStatus,
)
from .sources import Trust, Word
from .state import State


def view(state: State, now: float, options: Options) -> Status:
    """Return what ``GET /v1/status`` answers at *now*."""
    hold = state.hold if state.hold and state.hold.until > now else None
    match = state.match
    return Status(
        boot_id=state.boot_id,
        revision=state.revision,
        phase=state.phase,
        phase_seconds=_age(state.phase_since, now),
        why=state.why,
        uptime_seconds=_age(state.born, now),
        mode=options.mode if state.on_edgegap or options.mode_given else Mode.OBSERVE,
        health=_health(state, now, options),
        health_age_seconds=_since(state.pulse.heard_at, now),
        ready_by=state.ready_by,
        game=_game(state, now),
        players=_players(state, now),
        match=None if match is None else MatchStatus(match.id, _age(match.started_at, now)),
        hold=None if hold is None else HoldStatus(round(hold.until - now, 3), hold.why),
        timers=tuple(_timer(timer, now) for timer in idle.timers(state, now, options)),
        stop=_stop(state, now),
        self_stop=_report(state),
        would_stop=dict(state.would_stop),
        agent_starts=state.agent_starts,
        degraded=options.degraded,
        counts=_counts(state, now),
        waits_for=waits_for(state, now, options) if state.phase is Phase.STARTING else (),
        ports=_ports(state),
        checks=tuple(
            CheckStatus(text, each.holds, each.failed, each.note)
            for text, each in state.checks.items()
        ),
        agones=_server(state, now) if "agones" in options.sdk else None,
    )


def _health(state: State, now: float, options: Options) -> Health:
    if illness(state, options) is not None:
        return Health.UNHEALTHY
    return judge(state.pulse, state.ready_at, now, options)


def _ports(state: State) -> PortsStatus:
    ports = state.ports
    missing = tuple(name for name in ports.declared if name not in ports.bound)
    return PortsStatus(ports.bound, missing, ports.other, ports.certain)


def stage(state: State) -> str:
    """Return how far a stop has come: drain, ask, kill, ship, report, await or done."""
    if state.left is not None:
        return "done"
    if state.phase is Phase.DRAINING:
        return "drain"
    if state.game.is_running:
        return "kill" if state.game.killed else "ask"
    if state.phase is not Phase.STOPPED:
        return "ship"
    answered = state.owed.report in (Report.ACCEPTED, Report.GONE)
    return "await" if answered else "report"


def _game(state: State, now: float) -> GameStatus:
    game = state.game
    return GameStatus(
        pid=game.pid,
        running=game.is_running,
        uptime_seconds=_since(game.started_at, now) if game.is_running else None,
        exit=None if game.exit is None else exits.words(game.exit),
        restarts=len(game.restarts),
    )


def _players(state: State, now: float) -> PlayersStatus:
    players = state.players
    return PlayersStatus(
        count=players.count,
        capacity=players.capacity,
        ids=tuple(players.ids),
        source=players.source,
        age_seconds=_since(players.heard_at, now),
        present=_present(players.believed),
        sources=tuple(
            _source(players, each.value, now) for each in Trust if each.value in players.words
        ),
    )


def _source(players: Players, name: str, now: float) -> SourceStatus:
    word = players.word(name)
    age = _since(players.heard.get(name), now)
    return SourceStatus(name, word.count, _present(word), age, word.note)


def _present(word: Word) -> bool | None:
    return word.says_somebody if word.is_known else None


def _timer(timer: idle.Timer, now: float) -> TimerStatus:
    return TimerStatus(
        name=timer.reason.value,
        running=timer.since is not None,
        limit_seconds=round(timer.limit, 3),
        elapsed_seconds=0.0 if timer.since is None else _age(timer.since, now),
        why=timer.why,
        text=idle.in_words(timer, now),
    )


def _server(state: State, now: float) -> GameServerStatus:
    server, played = state.server, state.players.present
    word = server.state
    if state.stop is not None:
        word = "Unhealthy" if state.stop.reason is Reason.GAME_UNHEALTHY else "Shutdown"
    return GameServerStatus(
        state=word,
        allocated_seconds_ago=_since(server.allocated_at, now),
        labels=dict(server.labels),
        annotations=dict(server.annotations),
        counters=dict(server.counters),
        lists=dict(server.lists),
        ready_ends_match=agones.is_match_end(server, now, is_played=played),
    )


def _stop(state: State, now: float) -> StopStatus | None:
    stop = state.stop
    if stop is None:
        return None
    left = max(0.0, round(stop.kill_at - now, 3))
    return StopStatus(stop.reason, stop.why, stage(state), left)


def _counts(state: State, now: float) -> CountsStatus:
    tally = state.tally
    total = state.occupancy.until(now, state.born)
    return CountsStatus(
        seconds_played=round(total.seconds_played, 3),
        seconds_empty=round(total.seconds_empty, 3),
        seconds_unknown=round(total.seconds_unknown, 3),
        game_restarts=tally.game_restarts,
        game_crashes=tally.game_crashes,
        self_stops=dict(tally.self_stops),
        source_failures=dict(tally.source_failures),
    )


def _report(state: State) -> ReportStatus:
    owed = state.owed
    report = owed.report if state.on_edgegap else Report.UNAVAILABLE
    return ReportStatus(report, owed.attempts, owed.detail)


def _age(since: float, now: float) -> float:
    return max(0.0, round(now - since, 3))


def _since(since: float | None, now: float) -> float | None:
    return None if since is None else _age(since, now)
