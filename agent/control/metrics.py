"""What ``GET /metrics`` tells, as a table."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..core.phases import Health, Phase, Reason, Report
from ..core.snapshot import Status
from ..core.sources import Trust
from ..core.usage import Usage
from . import samples as s
from .openmetrics import Family

PREFIX = "arbitrium_"
_UNITS = ("seconds", "bytes")
_PHASES = [each.value for each in Phase]
_HEALTHS = [each.value for each in Health]
_REASONS = [each.value for each in Reason]
_SOURCES = [each.value for each in Trust]
_OUTCOMES = [Report.ACCEPTED.value, Report.GONE.value, Report.REJECTED.value, "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One family, with how its samples are read.

    Labels have few values: words of the core, of the settings or of PID 1, none of a player's.
    """

    name: str
    kind: str
    help: str
    read: s.Reading


def families(status: Status, usage: Usage | None) -> Iterator[Family]:
    """Yield the families as they stand; the unit is the last word of a name."""
    for row in ROWS:
        last = row.name.rpartition("_")[2]
        yield Family(
            name=f"{PREFIX}{row.name}",
            kind=row.kind,
            unit=last if last in _UNITS else "",
            help=row.help,
            samples=tuple(row.read(status, usage)),
        )


def _stops(status: Status) -> dict[str, int]:
    return {} if status.stop is None else {status.stop.reason.value: 1}


ROWS = (
    Row("agent", "info", "The life of the container that these figures belong to.", s.about),
    Row("uptime_seconds", "gauge", "Since PID 1 started.", s.one("uptime_seconds")),
    Row(
        "phase",
        "stateset",
        "The phase of the game server.",
        s.states(f"{PREFIX}phase", "phase", _PHASES),
    ),
    Row(
        "health", "stateset", "The game's health.", s.states(f"{PREFIX}health", "health", _HEALTHS)
    ),
    Row("game_running", "gauge", "1 while the game's process is there.", s.one("game.running")),
    Row("players", "gauge", "Who is there; absent while nobody has said.", s.one("players.count")),
    Row("players_present", "gauge", "1 = somebody, 0 = nobody.", s.one("players.present")),
    Row("player_capacity", "gauge", "How many there could be.", s.one("players.capacity")),
    Row(
        "player_source_failures",
        "counter",
        "Times that a source of players began to fail.",
        s.counted("source", _SOURCES, lambda status: status.counts.source_failures),
    ),
    Row(
        "players_age_seconds",
        "gauge",
        "Since players were last told.",
        s.one("players.age_seconds"),
    ),
    Row("used_seconds", "counter", "The container's time by use; unknown is not empty.", s.used),
    Row(
        "timer_elapsed_seconds",
        "gauge",
        "Timers that may end the deployment, while they run.",
        s.timers("elapsed_seconds"),
    ),
    Row("timer_limit_seconds", "gauge", "When such a timer ends it.", s.timers("limit_seconds")),
    Row("stops", "counter", "Stops that have begun.", s.counted("reason", _REASONS, _stops)),
    Row(
        "would_stops",
        "counter",
        "Stops that were only noted (AGENT_MODE=observe).",
        s.counted("reason", _REASONS, lambda status: status.would_stop),
    ),
    Row(
        "self_stop_attempts",
        "counter",
        "Calls of the platform's self-stop.",
        s.counted("outcome", _OUTCOMES, lambda status: status.counts.self_stops),
    ),
    Row(
        "game_restarts",
        "counter",
        "Times that the game was started again.",
        s.one("counts.game_restarts"),
    ),
    Row(
        "game_crashes",
        "counter",
        "Failed ends of the game that nobody had asked for.",
        s.one("counts.game_crashes"),
    ),
    Row("agent_starts", "counter", "Times that the agent was started.", s.one("agent_starts")),
    Row("container_cpu_seconds", "counter", "Processor time.", s.box("cpu_seconds")),
    Row("container_cpu_limit", "gauge", "Processors that may be used.", s.box("cpu_limit")),
    Row(
        "container_throttled_seconds",
        "counter",
        "Time that this limit took.",
        s.box("throttled_seconds"),
    ),
    Row("container_cpu_periods", "counter", "Periods of the limit.", s.box("periods")),
    Row(
        "container_throttled_periods",
        "counter",
        "Those in which it was reached.",
        s.box("throttled_periods"),
    ),
    Row(
        "container_memory_bytes",
        "gauge",
        "Memory, less inactive file pages.",
        s.box("memory_bytes"),
    ),
    Row(
        "container_memory_limit_bytes", "gauge", "At this the kernel kills.", s.box("memory_limit")
    ),
    Row(
        "container_memory_peak_bytes",
        "gauge",
        "The most so far, with file pages.",
        s.box("memory_peak"),
    ),
    Row("container_oom_kills", "counter", "Processes killed for memory.", s.box("oom_kills")),
    Row("container_tasks", "gauge", "Processes with their threads.", s.box("processes")),
    Row("container_tasks_limit", "gauge", "How many there may be.", s.box("processes_limit")),
    Row("network_bytes", "counter", "All interfaces but the loopback.", s.network("bytes")),
    Row("network_packets", "counter", "All interfaces but the loopback.", s.network("packets")),
    Row(
        "process_cpu_seconds",
        "counter",
        "Of the game's tree, the agent, PID 1.",
        s.part("cpu_seconds"),
    ),
    Row("process_memory_bytes", "gauge", "Resident memory.", s.part("memory_bytes")),
    Row("processes", "gauge", "How many there are.", s.part("processes")),
    Row("process_threads", "gauge", "How many they have.", s.part("threads")),
    Row(
        "process_descriptors",
        "gauge",
        "Open ones; absent where they can't be seen.",
        s.part("descriptors"),
    ),
    Row("log_delivered_bytes", "counter", "What a sink has.", s.sink("delivered_bytes")),
    Row("log_delivered_objects", "counter", "In how many objects.", s.sink("objects")),
    Row("log_left_bytes", "gauge", "What a sink still lacks.", s.sink("left_bytes")),
    Row("log_dropped_bytes", "counter", "Gone before it was delivered.", s.sink("dropped_bytes")),
    Row("log_attempts", "counter", "Requests to a sink by this agent.", s.sink("attempts")),
    Row("log_failures", "counter", "Those that failed, and were tried again.", s.sink("failures")),
    Row(
        "log_rejected_records", "counter", "Taken by a sink, then thrown away.", s.sink("rejected")
    ),
    Row("log_lines", "counter", "Lines changed on the way to a sink.", s.lines),
    Row("spool_bytes", "gauge", "Output that is kept.", s.spooled),
    Row("output_bytes", "counter", "Output: read, written on, skipped.", s.output),
    Row("output_faults", "counter", "PID 1's other counters of output.", s.faults),
)
