"""Logs over HTTP, as curl and the command line read them."""

import json

from agent.control.limits import Limits
from agent.core.snapshot import LogLine, LogsStatus

from .desk import Served, serving

ONE = LogLine("2026-01-01T00:00:00.000Z", "stdout", "one")
TWO = LogLine("2026-01-01T00:00:01.000Z", "stderr", "two")


class Book:
    """Two lines, one of them later."""

    is_readable = True

    def __init__(self) -> None:
        self.asked: list[object] = []

    def tail(
        self, count: int, sources: tuple[str, ...], grep: str
    ) -> tuple[list[LogLine], dict[str, int]]:
        self.asked.append((count, sources, grep))
        return [ONE], {"stdout": 4}

    def since(
        self, ends: dict[str, int], _: tuple[str, ...], __: str
    ) -> tuple[list[LogLine], dict[str, int]]:
        return ([TWO], {**ends, "stderr": 4}) if "stderr" not in ends else ([], ends)

    async def count(self) -> LogsStatus:
        return LogsStatus("counted")

    async def flush(self, seconds: float, /) -> LogsStatus:
        self.asked.append(seconds)
        return LogsStatus("/spool")


async def test_lines_are_text_for_people() -> None:
    book = Book()
    async with serving() as served:
        served.server.show(book)
        answer = await served.stream("/v1/logs?tail=5&source=stdout,%20stderr&grep=on", lines=1)
    assert answer == ["one"]
    assert book.asked == [(5, ("stdout", "stderr"), "on")]


async def test_lines_are_json_for_programs_and_go_on() -> None:
    async with serving(limits=Limits(beat_seconds=0.1)) as served:
        served.server.show(Book())
        told = await served.stream("/v1/logs?follow=1", lines=3, accept="application/x-ndjson")
    assert json.loads(told[0])["text"] == "one"
    assert json.loads(told[1]) == {"time": TWO.time, "source": "stderr", "text": "two"}
    assert told[2] == ""  # a beat


async def test_too_many_readers_are_refused() -> None:
    async with serving(limits=Limits(streams=0)) as served:
        served.server.show(Book())
        assert (await served.call("GET", "/v1/logs")).code == 503
        assert (await served.call("HEAD", "/v1/logs")).code == 503


async def test_memory_is_told_with_the_fix() -> None:
    async with serving() as served:
        answer = await served.call("GET", "/v1/logs")
        assert answer.code == 404
        assert "AGENT_SPOOL_DIR" in answer.json["fix"]
        assert (await flushed(served, "")) == {"folder": "", **NOTHING}


async def test_flush_waits_as_long_as_it_is_told_within_reason() -> None:
    book = Book()
    async with serving() as served:
        served.server.show(book)
        assert (await flushed(served, "?wait=1"))["folder"] == "/spool"
        await flushed(served, "?wait=99")
        await flushed(served, "")
    assert book.asked == [1.0, 25.0, 5.0]


NOTHING: dict[str, object] = {"faults": [], "sinks": [], "spool": {}}


async def flushed(served: Served, query: str) -> dict[str, object]:
    return (await served.call("POST", f"/v1/logs/flush{query}", b"")).json
