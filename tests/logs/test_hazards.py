"""Bytes that end the agent twice are left out, said, counted; nothing else ever is."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent import clock
from agent.core.events import LogsShipped
from agent.logs import hazards
from agent.logs.codecs import NONE
from agent.logs.hazards import Hazards
from agent.logs.packing import Press
from agent.logs.parcel import Outcome, Parcel
from tests.waiting import until

from .spools import Filled
from .test_courier import Sink, shipping

SINK = "test://a"


class Deadly(Sink):
    """Ends the agent over bytes of one kind: its life is over before they are ready."""

    def __init__(self, poison: bytes) -> None:
        super().__init__(name=SINK)
        self.poison = poison
        self.died = asyncio.Event()

    async def deliver(
        self,
        parcel: Parcel,
        labels: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - the contract's
    ) -> Outcome:
        if self.poison in parcel.data:
            self.died.set()
            await asyncio.Event().wait()
        return await super().deliver(parcel, labels, timeout)


async def test_bytes_that_ended_two_agents_are_spared_the_third(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hazards, "SUSPECT_SECONDS", 0.0)
    filled = Filled(tmp_path)
    filled.write(b"poison\n", seal=True)
    filled.write(b"good\n", seal=True)
    for _ in range(hazards.DEADLY):
        deadly = Deadly(b"poison")
        async with shipping(filled, deadly):
            await asyncio.wait_for(deadly.died.wait(), 20.0)
        assert deadly.got == []
    sink = Deadly(b"poison")
    async with shipping(filled, sink) as (shipper, pid1, posted):
        await pid1.let_go(2)
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0)
        assert await posted.wait() == LogsShipped(0)
        (told,) = shipper.status().sinks
    assert [parcel.data for parcel in sink.got] == [b"good\n"]
    assert (told.delivered_bytes, told.dropped_bytes, told.left_bytes) == (5, 7, 0)
    assert "7 bytes of stdout from byte 0 on have ended the agent twice" in caplog.text


async def test_agent_that_dies_while_the_store_is_silent_has_marked_nothing(
    tmp_path: Path,
) -> None:
    filled = Filled(tmp_path)
    filled.write(b"innocent\n", seal=True)

    class Silent(Sink):
        async def deliver(
            self,
            parcel: Parcel,
            labels: Mapping[str, str],
            timeout: float,  # noqa: ASYNC109 - the contract's
        ) -> Outcome:
            del labels, timeout
            await Press(NONE).pack(parcel)
            self.news.set()
            await asyncio.Event().wait()
            raise AssertionError

    for _ in range(hazards.DEADLY + 1):
        silent = Silent(name=SINK)
        async with shipping(filled, silent):
            await asyncio.wait_for(silent.news.wait(), 20.0)
            await saved(filled.folder)
    sink = Sink(name=SINK)
    async with shipping(filled, sink):
        await sink.has(1)


async def saved(folder: Path) -> None:
    await asyncio.to_thread(until, lambda: (folder / hazards.FILE).read_bytes() == b"[]")


async def test_bytes_that_ended_one_agent_wait_for_those_that_did_not(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    filled.write(b"poison\n", seal=True)
    filled.write(b"good\n", seal=True)
    deadly = Deadly(b"poison")
    async with shipping(filled, deadly):
        await asyncio.wait_for(deadly.died.wait(), 20.0)
    sink = Sink(name=SINK)
    async with shipping(filled, sink) as (shipper, _, posted):
        await sink.has(1)
        shipper.game_gone()
        shipper.finish(clock.now() + 10.0)  # now or never
        assert await posted.wait() == LogsShipped(0)
    assert [parcel.data for parcel in sink.got] == [b"good\n", b"poison\n"]


async def test_one_death_is_forgiven_once_the_bytes_did_no_harm(tmp_path: Path) -> None:
    await Hazards(tmp_path).begin(SINK, "stdout", 0, 9)
    for _ in range(5):
        again = Hazards(tmp_path)
        assert again.deadly_end(SINK, "stdout", 0) is None
        await again.begin(SINK, "stdout", 0, 9)
        again.survived(SINK, "stdout", 0)
        again.survived(SINK, "stdout", 0)
        await saved(tmp_path)


async def test_only_what_was_being_worked_on_is_left_out(tmp_path: Path) -> None:
    for end in (9, 5):
        await Hazards(tmp_path).begin(SINK, "stdout", 0, end)
    third = Hazards(tmp_path)
    assert third.deadly_end(SINK, "stdout", 0) == 5
    assert third.deadly_end(SINK, "stdout", 5) is None
    assert third.deadly_end("another", "stdout", 0) is None


def test_marks_that_cannot_be_read_count_as_none(tmp_path: Path) -> None:
    (tmp_path / hazards.FILE).write_bytes(b"{broken")
    assert Hazards(tmp_path).deadly_end(SINK, "stdout", 0) is None
