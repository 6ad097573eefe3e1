"""What is scraped: read by Prometheus' own parsers, never more series than were known before."""

import re
from dataclasses import replace

import pytest
from prometheus_client import parser as old
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as new

from agent.control import metrics
from agent.control.openmetrics import OPENMETRICS, PLAIN, accepted, render
from agent.core.phases import Mode, Phase, Reason
from agent.core.snapshot import (
    CountsStatus,
    LogsStatus,
    PlayersStatus,
    SinkStatus,
    Status,
    StopStatus,
    TimerStatus,
)
from agent.core.usage import ContainerUsage, NetworkUsage, ProcessUsage, Usage
from tests.control.desk import FakeDesk, Served, serving
from tests.test_screen import FRESH

BOX = ContainerUsage("cgroup v2", 5.25, 2.0, 40, 4, 0.25, 1000, 4000, 1200, 1, 7, 100)
LOOK = Usage(
    at=100.0,
    container=BOX,
    network=NetworkUsage(1, 2, 3, 4),
    parts={name: ProcessUsage(1.5, 2000, 1, 8, 30) for name in ("game", "agent", "init")},
)
SINK = SinkStatus('s3 "a"\\b\n', 10, 2, 3, 4, 5, 6, 7, "", {"redacted": 8})
SPOOL = {
    "spool_bytes": 11,
    "spool_dropped_bytes": 12,
    "stdout_in_bytes": 13,
    "stdout_out_bytes": 14,
    "stdout_skipped_bytes": 15,
    "pump_errors": 16,
}
FULL = replace(
    FRESH,
    phase=Phase.IN_MATCH,
    mode=Mode.OBSERVE,
    players=PlayersStatus(3, 8, ("ann",), "api", 1.5, present=True),
    timers=(*FRESH.timers, TimerStatus("late", True, 120.0, 41.0, "0 players")),
    stop=StopStatus(Reason.REQUESTED, "enough", "ask", 1.0),
    would_stop={"nobody_joined": 2},
    counts=CountsStatus(10.5, 20.0, 30.0, 1, 2, {"failed": 3, "accepted": 1}),
    logs=LogsStatus("/spool", (SINK,), (), SPOOL),
)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> list[Metric]:
    return list(new.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def scraped(status: Status, usage: Usage | None = None) -> tuple[str, list[Metric], Samples]:
    text = render(metrics.families(status, usage), OPENMETRICS).decode()
    families = read(text)
    samples = {
        (sample.name.removeprefix("arbitrium_"), tuple(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    return text, families, samples


def test_everything_that_is_known_is_told() -> None:
    _, families, samples = scraped(FULL, LOOK)
    assert {family.name for family in families} == {
        f"arbitrium_{row.name}" for row in metrics.ROWS
    }
    assert samples["agent_info", (("boot_id", "b-1"), ("mode", "observe"))] == 1
    assert samples["phase", (("arbitrium_phase", "in_match"),)] == 1
    assert samples["phase", (("arbitrium_phase", "ready"),)] == 0
    assert samples["players", ()] == 3
    assert samples["used_seconds_total", (("use", "played"),)] == 10.5
    assert samples["timer_elapsed_seconds", (("timer", "late"),)] == 41
    assert samples["stops_total", (("reason", "requested"),)] == 1
    assert samples["stops_total", (("reason", "max_duration"),)] == 0
    assert samples["would_stops_total", (("reason", "nobody_joined"),)] == 2
    assert samples["self_stop_attempts_total", (("outcome", "failed"),)] == 3
    assert samples["game_crashes_total", ()] == 2
    assert samples["container_cpu_seconds_total", ()] == 5.25
    assert samples["container_throttled_seconds_total", ()] == 0.25
    assert samples["container_memory_bytes", ()] == 1000
    assert samples["network_bytes_total", (("direction", "sent"),)] == 3
    assert samples["process_threads", (("process", "game"),)] == 8
    assert samples["log_lines_total", (("sink", SINK.name), ("what", "redacted"))] == 8
    flow = (("stream", "stdout"), ("direction", "skipped"))
    assert samples["output_bytes_total", flow] == 15
    assert samples["output_faults_total", (("what", "spool_dropped_bytes"),)] == 12
    assert samples["spool_bytes", ()] == 11


def test_what_is_unknown_is_absent_rather_than_0() -> None:
    _, _, samples = scraped(FRESH)
    names = {name for name, _ in samples}
    assert "players" not in names
    assert "timer_elapsed_seconds" not in names
    assert not any(name.startswith(("container_", "process_", "log_", "spool")) for name in names)
    assert samples["game_crashes_total", ()] == 0


def test_what_the_kernel_does_not_tell_is_absent() -> None:
    parts = {"game": replace(LOOK.parts["game"], descriptors=None)}
    _, _, samples = scraped(FRESH, Usage(1.0, ContainerUsage("processes", 1.0), None, parts))
    names = {name for name, _ in samples}
    assert "process_threads" in names
    assert not {"process_descriptors", "container_memory_limit_bytes", "network_bytes"} & names


def test_names_units_and_help_are_as_the_linter_of_prometheus_wants_them() -> None:
    """The rules of ``promtool check metrics``: help, base units, suffixes, no kind in a name."""
    text, families, _ = scraped(FULL, LOOK)
    assert text.endswith("# EOF\n")
    for family in families:
        assert family.documentation
        assert re.fullmatch(r"arbitrium_[a-z_]+", family.name)
        assert not re.search(r"_(total|count|sum|bucket|gauge|counter)$", family.name)
        assert not re.search(r"milli|micro|_ms|kilo|mega|_mib|minutes|hours|percent", family.name)
        has_unit = family.name.endswith(("_seconds", "_bytes"))
        assert family.unit == (family.name.rpartition("_")[2] if has_unit else "")


def test_series_are_as_many_as_were_known_before() -> None:
    """Ids of players, matches and requests make no series."""
    crowd = replace(FULL.players, ids=tuple(f"p{number}" for number in range(1000)), count=1000)
    text, _, samples = scraped(replace(FULL, players=crowd, why="x" * 500), LOOK)
    assert len(samples) < 130
    assert "p999" not in text


def test_older_dialect_is_read_by_the_older_parser() -> None:
    text = render(metrics.families(FULL, LOOK), PLAIN).decode()
    families = {family.name: family for family in old.text_string_to_metric_families(text)}
    assert families["arbitrium_game_crashes"].type == "counter"
    assert families["arbitrium_phase"].type == "gauge"
    assert families["arbitrium_agent_info"].samples[0].labels["boot_id"] == "b-1"
    assert "# EOF" not in text


@pytest.mark.parametrize(
    ("accept", "dialect"),
    [
        ("", PLAIN),
        ("*/*", PLAIN),
        ("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3", OPENMETRICS),
    ],
)
def test_dialect_is_what_the_scraper_takes(accept: str, dialect: str) -> None:
    assert accepted(accept) == dialect


async def test_scraper_is_answered_in_its_dialect(served: Served) -> None:
    served.server.measure(lambda: LOOK)
    answer = await served.call("GET", "/metrics", accept="application/openmetrics-text")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert read(answer.body.decode())
    plain = await served.call("GET", "/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"arbitrium_container_cpu_seconds_total 5.25" in plain.body


async def test_token_is_asked_for() -> None:
    async with serving(FakeDesk(), token="t0ken") as served:
        assert (await served.call("GET", "/metrics")).code == 401
