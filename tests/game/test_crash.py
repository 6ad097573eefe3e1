"""The inquest is held in time, also where not all of it can be known."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.crash import Crash, CrashReport, MemoryFacts
from agent.core.events import CrashReported, Event
from agent.core.snapshot import LogLine, LogsStatus
from agent.game import cgroup, crash
from agent.game.crash import Coroner, in_words
from agent.link import Truth

CRASH = Crash(1, "crashed", 139, "", "ready", was_ready=True, uptime_seconds=12.0, players=3,
              restarts=0)  # fmt: skip


class PidOne:
    """Seals at once, or never."""

    def __init__(self, logs: "Lines") -> None:
        self.coroner: Coroner | None = None
        self._logs = logs

    def order(self, do: str, /, **fields: object) -> None:
        assert do == "seal_segment"
        if self.coroner is not None:
            asyncio.get_running_loop().call_soon(self._seal, self.coroner, fields)

    def _seal(self, coroner: Coroner, message: dict[str, object]) -> None:
        self._logs.last = "the last line was still in the pipe"
        coroner.heard(message)


class Lines:
    """The last words of a game."""

    def __init__(self, *, is_readable: bool = True) -> None:
        self.is_readable = is_readable
        self.last = "x" * 9999

    def tail(
        self, count: int, sources: tuple[str, ...], grep: str, /
    ) -> tuple[list[LogLine], dict[str, int]]:
        assert count
        assert not grep
        return [LogLine("2026-01-01T00:00:00Z", source, self.last) for source in sources], {}

    def since(
        self, ends: dict[str, int], sources: tuple[str, ...], grep: str, /
    ) -> tuple[list[LogLine], dict[str, int]]:
        raise AssertionError(ends, sources, grep)

    async def count(self) -> LogsStatus:
        raise AssertionError

    async def flush(self, _: float, /) -> LogsStatus:
        raise AssertionError


class Taker:
    """Takes the paths down."""

    def __init__(self) -> None:
        self.paths: tuple[str, ...] = ()

    def collect(self, paths: tuple[str, ...], /) -> None:
        self.paths = paths


def coroner(
    folder: str, *, start: int = 1, logs: Lines | None = None, answers: bool = True
) -> tuple[Coroner, list[Event]]:
    truth = Truth(
        boot="b00t", born=0.0, start=start, url="", listeners=(), game_pid=None,
        game_started_at=None, game_exit=None, term_at=None, secrets={}, notices=(),
    )  # fmt: skip
    logs = logs or Lines()
    link = PidOne(logs)
    one = Coroner(truth, link=link, logs=logs, folder=folder, deployment="abc123")
    link.coroner = one if answers else None
    posted: list[Event] = []
    one.post = posted.append
    return one, posted


async def reported(one: Coroner, what: Crash = CRASH) -> CrashReport:
    await one.report(what)
    report = one.latest()
    assert report is not None
    return report


async def test_report_is_kept_told_and_handed_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, posted = coroner(str(tmp_path))
    one.collector = taker = Taker()
    with caplog.at_level(logging.INFO):
        report = await reported(one)
    assert json.loads(Path(report.path).read_text())["number"] == 1
    assert {line.text for line in report.lines} == {"the last line was still in the pipe"}
    assert posted == [CrashReported(1)]
    assert taker.paths[0] == report.path
    assert "killed by SIGSEGV (core dumped), after it was ready, up 12s, 3 players" in caplog.text


async def test_next_agent_finds_the_report(tmp_path: Path) -> None:
    report = await reported(coroner(str(tmp_path))[0])
    later, _ = coroner(str(tmp_path), start=2)
    assert later.latest() == report


async def test_three_reports_are_kept(tmp_path: Path) -> None:
    one, _ = coroner(str(tmp_path))
    for number in range(1, 6):
        await one.report(replace(CRASH, number=number))
    assert len(list(tmp_path.glob("*-crash-*.json"))) == 3


async def test_report_is_there_where_no_folder_is(tmp_path: Path) -> None:
    report = await reported(coroner("", logs=Lines(is_readable=False))[0])
    assert (report.path, report.lines) == ("", ())
    assert coroner("")[0].latest() is None
    assert in_words(report).endswith("the report: GET /v1/crash")
    (tmp_path / "file").touch()
    assert (await reported(coroner(str(tmp_path / "file"))[0])).path == ""


async def test_silent_pid_1_costs_half_a_second_not_the_report(tmp_path: Path) -> None:
    report = await reported(coroner(str(tmp_path), answers=False)[0])
    assert {len(line.text) for line in report.lines} == {4096}


async def test_report_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(crash, "_WHOLE_SECONDS", 0.01)
    one, posted = coroner(str(tmp_path), answers=False)
    await one.report(CRASH)
    assert posted == [CrashReported(1)]
    assert one.latest() is None
    assert "the disk is too slow" in caplog.text


@pytest.mark.parametrize(
    ("status", "kind", "start", "before", "is_for_memory"),
    [
        (9, "crashed", 1, 2, True),
        (137 << 8, "crashed", 1, 2, True),
        (9, "crashed", 1, 3, False),
        (139, "crashed", 1, 2, False),
        (9, "hung", 1, 2, False),
        (9, "crashed", 2, 3, True),
    ],
    ids=["killed", "below a shell", "earlier", "otherwise", "by us", "with the agent before us"],
)
async def test_kill_for_memory_is_told_from_others(
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    kind: str,
    start: int,
    before: int,
    is_for_memory: bool,  # noqa: FBT001 - a table's column
) -> None:
    monkeypatch.setattr(cgroup, "memory", lambda: MemoryFacts(5 << 20, 1 << 30, 7, before))
    one, _ = coroner("", start=start)
    monkeypatch.setattr(cgroup, "memory", lambda: MemoryFacts(5 << 20, 1 << 30, 7, 3))
    report = await reported(one, replace(CRASH, exit=status, kind=kind))
    assert report.memory.oom_killed is is_for_memory
    assert ("killed for memory" in in_words(report)) is is_for_memory
    assert "memory peak 5 MiB" in in_words(report)


async def test_kernel_without_figures_says_nothing_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cgroup, "memory", MemoryFacts)
    report = await reported(
        coroner("")[0], replace(CRASH, exit=9, uptime_seconds=None, players=None, was_ready=False)
    )
    assert report.memory == MemoryFacts()
    assert in_words(report).startswith(
        "the game crashed: killed by SIGKILL, before it was ready; the report:"
    )


@pytest.fixture
def sleeper() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process.pid
    process.kill()
    process.wait()


async def test_hang_is_kept_for_an_agent_that_comes_later(tmp_path: Path, sleeper: int) -> None:
    one, _ = coroner(str(tmp_path))
    one.examine("nobody is there yet")
    assert list(tmp_path.iterdir()) == []
    one.follow(sleeper)
    one.follow(None)
    one.examine("no health ping")
    later, _ = coroner(str(tmp_path), start=2)
    report = await reported(later, replace(CRASH, kind="hung", exit=signal.SIGABRT))
    assert report.hang is not None
    assert [each.pid for each in report.hang.threads] == [sleeper]
    assert report.hang.why == "no health ping"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b00t-crash-000001.json"]


async def test_crash_is_not_taken_for_the_hang_before_it(tmp_path: Path) -> None:
    one, _ = coroner(str(tmp_path))
    one.follow(os.getpid())
    one.examine("no health ping")
    assert (await reported(one)).hang is None


async def test_answer_to_somebody_elses_seal_is_let_pass() -> None:
    coroner("")[0].heard({"token": 3})


async def test_file_that_is_no_report_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "b00t-crash-000001.json").write_text("{")
    assert coroner(str(tmp_path))[0].latest() is None
    (tmp_path / "b00t-crash-000001.json").unlink()
    (tmp_path / "b00t-crash-000000.json").symlink_to(tmp_path / "gone")
    assert (await reported(coroner(str(tmp_path))[0])).number == 1


async def test_hang_is_in_the_report_though_no_folder_can_be_written_to(sleeper: int) -> None:
    one, _ = coroner("")
    one.follow(sleeper)
    one.examine("no health ping")
    report = await reported(one, replace(CRASH, kind="hung"))
    assert report.hang is not None


async def test_report_is_written_once_though_it_is_ordered_again(tmp_path: Path) -> None:
    one, posted = coroner(str(tmp_path))
    await one.report(CRASH)
    await one.report(CRASH)
    assert posted == [CrashReported(1)]
