"""What on-call reads: flat fields, one record a line."""

import logging
from dataclasses import replace

import pytest

from agent.core.effects import PresentBill
from agent.core.phases import Phase
from agent.core.usage import ContainerUsage, ProcessUsage, Usage
from agent.reporter import Reporter
from tests.test_screen import FRESH

MIB = 1 << 20


class Machine:
    """A usage that the test sets."""

    def __init__(self) -> None:
        self.at = 100.0
        self.cpu = 10.0
        self.mib = 50

    def look(self) -> Usage:
        part = ProcessUsage(self.cpu, self.mib * MIB, 1, 1, 3)
        box = ContainerUsage(
            "cgroup v2", self.cpu, memory_bytes=self.mib * MIB, memory_limit=100 * MIB
        )
        return Usage(self.at, box, None, {"game": part})


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def reporter(machine: Machine, caplog: pytest.LogCaptureFixture) -> Reporter:
    caplog.set_level(logging.INFO)
    return Reporter(look=machine.look, journal=logging.getLogger("test"))


def test_line_tells_the_state_and_the_usage(
    reporter: Reporter, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    reporter.tell(FRESH)
    machine.at, machine.cpu = 160.0, 25.0
    reporter.tell(FRESH)
    first, second = (vars(record) for record in caplog.records)
    assert (first["message"], first["line"], first["boot"]) == ("status", "status", "b-1")
    assert (first["phase"], first["memory_mib"]) == ("starting", 50)
    assert "cores" not in first
    assert (second["cores"], second["game_cores"]) == (0.25, 0.25)


def test_new_phase_is_told_in_words_with_the_same_fields(
    reporter: Reporter, caplog: pytest.LogCaptureFixture
) -> None:
    reporter.moved(Phase.STARTING, replace(FRESH, phase=Phase.READY, why="ready by api"))
    (record,) = caplog.records
    assert record.getMessage() == "phase starting → ready: ready by api"
    assert (vars(record)["line"], vars(record)["phase"]) == ("status", "ready")


def test_two_lines_from_one_look_keep_the_rate_of_the_one_before(
    reporter: Reporter, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    reporter.tell(FRESH)
    machine.at, machine.cpu = 160.0, 25.0
    reporter.tell(FRESH)
    reporter.tell(FRESH)
    assert [vars(record).get("cores") for record in caplog.records] == [None, 0.25, 0.25]


def test_memory_is_warned_of_before_its_limit_once_a_rise(
    reporter: Reporter, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    for machine.mib in (50, 90, 95, 60, 86):
        machine.at += 60
        reporter.tell(FRESH)
    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert [line[:20] for line in warned] == ["memory is at 90% of ", "memory is at 86% of "]


def test_bill_tells_minutes(reporter: Reporter, caplog: pytest.LogCaptureFixture) -> None:
    reporter.present(PresentBill("everybody_left", 600.0, 132.0, 12.0, 120.0, 3.0), "b-1")
    (record,) = caplog.records
    assert record.getMessage() == "10.0 min with players, 2.2 min without, 0.2 min unknown"
    told = vars(record)
    assert (told["line"], told["boot"], told["stop"]) == ("bill", "b-1", "everybody_left")
    assert (told["minutes_played"], told["leave_to_stop_seconds"]) == (10.0, 120.0)


def test_bill_without_a_leave_tells_none(
    reporter: Reporter, caplog: pytest.LogCaptureFixture
) -> None:
    reporter.present(PresentBill("nobody_joined", 0.0, 600.0, 0.0, None, 3.0), "b-1")
    assert "leave_to_stop_seconds" not in vars(caplog.records[0])
