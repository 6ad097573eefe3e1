"""The spool's lines, for people."""

from pathlib import Path

from agent.core.snapshot import LogLine, LogsStatus
from agent.logs.logbook import Logbook

from .spools import Filled


async def count() -> LogsStatus:
    return LogsStatus("counted")


async def flush(seconds: float) -> LogsStatus:
    return LogsStatus(f"flushed in {seconds:g} s")


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text for line in lines]


def test_last_lines_of_all_sources_come_in_order(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"one\r\ntwo\n", seal=True)
    filled.write(b"three\n", "stderr")
    filled.write(b"four\n\nfi")
    book = Logbook(str(filled.folder), flush, count)
    lines, ends = book.tail(100, (), "")
    assert texts(lines) == ["one", "two", "three", "four", ""]
    assert {line.source for line in lines} == {"stdout", "stderr"}
    assert all(line.time.endswith("Z") for line in lines)
    assert texts(book.tail(2, ("stdout",), "")[0]) == ["four", ""]
    assert book.tail(0, (), "")[0] == []
    assert texts(book.tail(9, (), "T")[0]) == ["two", "three"]
    filled.write(b"ve\n")
    lines, ends = book.since(ends, (), "")
    assert texts(lines) == ["five"]
    assert book.since(ends, (), "") == ([], ends)


def test_stray_bytes_are_shown(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"\xff\n")
    assert texts(Logbook(str(filled.folder), flush, count).tail(1, (), "")[0]) == [
        "\N{REPLACEMENT CHARACTER}"
    ]


async def test_memory_cannot_be_read_but_flushed() -> None:
    book = Logbook("", flush, count)
    assert not book.is_readable
    assert (await book.count()).folder == "counted"
    assert (await book.flush(2.0)).folder == "flushed in 2 s"
