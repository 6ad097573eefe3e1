"""What the command line shows people of an agent's state."""

from collections.abc import Callable

from .core.durations import render

State = dict[str, object]

_COLOURS = {"good": "32", "warn": "33", "bad": "31", "dim": "2", "bold": "1"}
_MOODS = {
    "ready": "good",
    "in_match": "good",
    "healthy": "good",
    "accepted": "good",
    "starting": "warn",
    "draining": "warn",
    "stopping": "warn",
    "loading": "warn",
    "owed": "warn",
    "unhealthy": "bad",
    "rejected": "bad",
}
_WIDE = 11  # columns of a label
_MOST_IDS = 8
_MOST_DEGRADED = 4


class Screen:
    """Text for a terminal, or plain text for everything else."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def status(self, state: State) -> str:
        """Return the whole state in at most 25 lines, labels aligned."""
        lines = [
            ("phase", self._phase(state)),
            ("health", self._health(state)),
            ("game", _game(state)),
            ("players", _players(state)),
            *_when(state, "match", _match),
            *_when(state, "hold", _hold),
            *((_timer_label(at), self._timer(timer)) for at, timer in enumerate(_timers(state))),
            *_when(state, "stop", self._stop),
            ("self-stop", self._self_stop(state)),
            *_would_stop(state),
            ("agent", _agent(state)),
            *(("degraded", self._paint("warn", line)) for line in _degraded(state)),
        ]
        return "\n".join(
            f"{self._paint('dim', label.ljust(_WIDE))}{text}" for label, text in lines
        )

    def changes(self, before: State, after: State) -> str:
        """Return what differs, in one line; an empty text where nothing worth telling does."""
        old, new = self._facts(before), self._facts(after)
        return ", ".join(
            f"{name} {old[name]} -> {text}" if before else f"{name} {text}"
            for name, text in new.items()
            if text != old[name]
        )

    def error(self, text: str) -> str:
        """Return a complaint."""
        return f"{self._paint('bad', 'error:')} {text}"

    def warning(self, text: str) -> str:
        """Return a remark."""
        return f"{self._paint('warn', 'warning:')} {text}"

    def good(self, text: str) -> str:
        """Return good news."""
        return self._paint("good", text)

    def heading(self, text: str) -> str:
        """Return a heading."""
        return self._paint("bold", text)

    def _facts(self, state: State) -> dict[str, str]:
        """Return what a watcher wants to hear of; ages and countdowns are left out."""
        match, stop = _part(state, "match"), _part(state, "stop")
        return {
            "phase": self._word(state, "phase"),
            "health": self._word(state, "health"),
            "players": _count(_part(state, "players")),
            "match": str(match.get("id") or "on") if match else "none",
            "hold": "on" if _part(state, "hold") else "none",
            "game": str(_part(state, "game").get("exit") or "running") if state else "none",
            "stop": f"{stop.get('reason')}, {stop.get('stage')}" if stop else "none",
            "self-stop": self._word(_part(state, "self_stop"), "state"),
        }

    def _phase(self, state: State) -> str:
        why = f" ({state['why']})" if state.get("why") else ""
        mode = ", observing only" if state.get("mode") == "observe" else ""
        return f"{self._word(state, 'phase')} for {_span(state, 'phase_seconds')}{mode}{why}"

    def _health(self, state: State) -> str:
        age = state.get("health_age_seconds")
        heard = "no ping yet" if age is None else f"heard {_span(state, 'health_age_seconds')} ago"
        return f"{self._word(state, 'health')}, {heard}"

    def _timer(self, timer: State) -> str:
        name = str(timer.get("name")).ljust(17)
        if not timer.get("running"):
            return self._paint("dim", f"{name}{timer.get('why')}")
        spent, limit = _span(timer, "elapsed_seconds"), _span(timer, "limit_seconds")
        return f"{name}{spent} of {limit}: {timer.get('why')}"

    def _stop(self, stop: State) -> str:
        why = f" ({stop['why']})" if stop.get("why") else ""
        left = _span(stop, "seconds_left")
        return self._paint(
            "warn", f"{stop.get('reason')}{why}, {stop.get('stage')}, {left} to KILL"
        )

    def _self_stop(self, state: State) -> str:
        report = _part(state, "self_stop")
        attempts = report.get("attempts")
        tried = f" after {_plural(attempts, 'attempt')}" if attempts else ""
        detail = f": {report['detail']}" if report.get("detail") else ""
        return f"{self._word(report, 'state')}{tried}{detail}"

    def _word(self, state: State, name: str) -> str:
        word = str(state.get(name, "none"))
        return self._paint(_MOODS.get(word, ""), word.replace("_", " "))

    def _paint(self, mood: str, text: str) -> str:
        code = _COLOURS.get(mood)
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours and code else text


def _part(state: State, name: str) -> State:
    part = state.get(name)
    return part if isinstance(part, dict) else {}


def _when(state: State, name: str, show: Callable[[State], str]) -> list[tuple[str, str]]:
    part = _part(state, name)
    return [(name, show(part))] if part else []


def _timers(state: State) -> list[State]:
    timers = state.get("timers")
    return (
        [timer for timer in timers if isinstance(timer, dict)] if isinstance(timers, list) else []
    )


def _timer_label(at: int) -> str:
    return "" if at else "timers"


def _game(state: State) -> str:
    game = _part(state, "game")
    life = f"pid {game.get('pid')}, up {_span(game, 'uptime_seconds')}"
    if not game.get("running"):
        life = str(game.get("exit") or "not running")
    restarts = game.get("restarts")
    return f"{life}, {_plural(restarts, 'restart')}" if restarts else life


def _players(state: State) -> str:
    players = _part(state, "players")
    ids = players.get("ids")
    names = [str(name) for name in ids] if isinstance(ids, list) else []
    shown = ", ".join(names[:_MOST_IDS]) + (", …" if len(names) > _MOST_IDS else "")
    source = players.get("source")
    if not source:
        return f"{_count(players)}: nobody has told; unknown is not empty"
    heard = f" by {source}, {_span(players, 'age_seconds')} ago"
    return f"{_count(players)}{heard}{f': {shown}' if shown else ''}"


def _count(players: State) -> str:
    count, capacity = players.get("count"), players.get("capacity")
    known = "unknown" if count is None else str(count)
    if count is None and players.get("present"):
        known = "somebody"
    return known if capacity is None else f"{known} of {capacity}"


def _match(match: State) -> str:
    return f"{match.get('id') or 'on'}, for {_span(match, 'seconds')}"


def _hold(hold: State) -> str:
    why = f" ({hold['why']})" if hold.get("why") else ""
    return f"{_span(hold, 'seconds_left')} left{why}"


def _would_stop(state: State) -> list[tuple[str, str]]:
    counts = _part(state, "would_stop")
    stops = ", ".join(f"{reason} {count}" for reason, count in counts.items())
    return [("would stop", stops)] if stops else []


def _agent(state: State) -> str:
    starts = _plural(state.get("agent_starts"), "start")
    return f"up {_span(state, 'uptime_seconds')}, {starts}, revision {state.get('revision')}"


def _degraded(state: State) -> list[str]:
    said = state.get("degraded")
    lines = [str(line) for line in said] if isinstance(said, list) else []
    rest = len(lines) - _MOST_DEGRADED
    return lines if rest <= 0 else [*lines[:_MOST_DEGRADED], f"{rest} more: status --json"]


def _span(state: State, name: str) -> str:
    seconds = state.get(name)
    if not isinstance(seconds, int | float):
        return "unknown"
    return render(max(0.0, float(round(seconds))))


def _plural(count: object, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
