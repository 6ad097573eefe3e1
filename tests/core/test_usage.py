"""Rates, shares, the memory warning: once a rise."""

from dataclasses import replace

from agent.core import usage
from agent.core.usage import Alarm, ContainerUsage

MIB = 1 << 20
BOX = ContainerUsage(source="cgroup v2", cpu_seconds=0.0, memory_limit=100 * MIB)


def at(mib: int) -> ContainerUsage:
    return replace(BOX, memory_bytes=mib * MIB)


def test_warning_comes_once_a_rise() -> None:
    alarm, said = Alarm(), []
    for mib in (50, 85, 90, 99, 81, 90, 79, 84, 86):
        alarm, line = alarm.seen(at(mib))
        said.append(bool(line))
    assert said == [False, True, False, False, False, False, False, False, True]


def test_warning_tells_how_much_of_what() -> None:
    _, line = Alarm().seen(at(90))
    assert line.startswith("memory is at 90% of its limit (90 of 100 MiB)")


def test_nothing_is_warned_of_without_a_limit() -> None:
    alarm = Alarm()
    assert alarm.seen(replace(at(10_000), memory_limit=None)) == (alarm, "")
    assert usage.memory_share(replace(BOX, memory_limit=0)) is None


def test_cores_are_the_processors_that_were_busy() -> None:
    assert usage.cores(10.0, 13.0, 2.0) == 1.5
    assert usage.cores(10.0, 9.0, 2.0) == 0.0
    assert usage.cores(10.0, 13.0, 0.0) == 0.0
