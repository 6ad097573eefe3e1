"""The status line: one flat row of fields, the same at each phase as at each minute."""

from collections.abc import Iterator

from .snapshot import PlayersStatus, Status
from .usage import Usage, cores, mib

Field = str | int | float
Fields = dict[str, Field]


def fields(status: Status, now: Usage | None = None, before: Usage | None = None) -> Fields:
    """Return the fields in their order; what is not known is left out, never told as 0.

    Args:
        status: the state.
        now: what is taken of the machine.
        before: the look before that, for what is told as a rate; None = none yet.
    """
    return {
        name: _figure(value)
        for name, value in (*_state(status), *_counts(status), *_usage(now, before))
        if value is not None and value != ""
    }


def _state(status: Status) -> Iterator[tuple[str, Field | None]]:
    players, stop = status.players, status.stop
    yield "boot", status.boot_id
    yield "phase", status.phase.value
    yield "phase_seconds", status.phase_seconds
    yield "why", status.why
    yield "uptime_seconds", status.uptime_seconds
    yield "mode", status.mode.value
    yield "health", status.health.value
    yield "players", _players(players)
    yield "capacity", players.capacity
    yield "players_source", players.source
    yield "players_age_seconds", players.age_seconds
    for timer in status.timers:
        yield timer.name, timer.text.removeprefix(f"{timer.name}: ")
    if stop is not None:
        yield "stop", stop.reason.value
        yield "stop_stage", stop.stage
        yield "stop_seconds_left", stop.seconds_left
        yield "self_stop", status.self_stop.state.value


def _players(players: PlayersStatus) -> int | str:
    """Return how many there are, or that there are some, or that nobody knows."""
    if players.count is not None:
        return players.count
    return "some" if players.present else "unknown" if players.present is None else 0


def _counts(status: Status) -> Iterator[tuple[str, Field | None]]:
    counts = status.counts
    yield "seconds_played", counts.seconds_played
    yield "seconds_empty", counts.seconds_empty
    yield "seconds_unknown", counts.seconds_unknown
    yield "game_restarts", counts.game_restarts or None
    yield "game_crashes", counts.game_crashes or None
    yield "would_stops", sum(status.would_stop.values()) or None
    yield "agent_starts", status.agent_starts


def _usage(now: Usage | None, before: Usage | None) -> Iterator[tuple[str, Field | None]]:
    if now is None:
        return
    yield from _container(now, before)
    seconds = 0.0 if before is None else now.at - before.at
    for name, part in now.parts.items():
        last = None if before is None else before.parts.get(name)
        if last is not None:
            yield f"{name}_cores", cores(last.cpu_seconds, part.cpu_seconds, seconds)
        yield f"{name}_memory_mib", mib(part.memory_bytes)
        yield f"{name}_threads", part.threads
        yield f"{name}_descriptors", part.descriptors


def _container(now: Usage, before: Usage | None) -> Iterator[tuple[str, Field | None]]:
    box, network = now.container, now.network
    last, old = (None, None) if before is None else (before.container, before.network)
    seconds = 0.0 if before is None else now.at - before.at
    yield "memory_mib", mib(box.memory_bytes)
    yield "memory_limit_mib", None if box.memory_limit is None else mib(box.memory_limit)
    yield "oom_kills", box.oom_kills
    if last is not None:
        yield "cores", cores(last.cpu_seconds, box.cpu_seconds, seconds)
        throttled = box.throttled_seconds
        yield (
            "throttled_seconds",
            None if throttled is None else (throttled - (last.throttled_seconds or 0.0)),
        )
    yield "cores_limit", box.cpu_limit
    if network is not None and old is not None and seconds > 0:
        yield "received_bytes_per_second", (network.received_bytes - old.received_bytes) / seconds
        yield "sent_bytes_per_second", (network.sent_bytes - old.sent_bytes) / seconds


def _figure(value: Field | None) -> Field:
    """Return a number as a reader wants it: no more than three digits behind the point."""
    return round(value, 3) if isinstance(value, float) else (value or 0)
