"""Every effect becomes one small act on the channel, the disk or the network."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent.core import effects as do
from agent.core.crash import Crash
from agent.core.events import Event, LogsShipped, SelfStopAccepted
from agent.core.options import Options
from agent.orders import Orders

JOURNAL = logging.getLogger("orders")


class Ear:
    """Hears the orders in place of the channel."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, object]]] = []

    def order(self, do: str, /, **fields: object) -> None:
        self.heard.append((do, fields))


class Platform:
    """A courier that waits to be told what the platform says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def deliver(self, reason: str, report: Callable[[Event], object]) -> None:
        self.asked.append(reason)
        try:
            await self.answer.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        report(SelfStopAccepted("202"))


@pytest.fixture
async def hands(tmp_path: Path) -> AsyncIterator[tuple[Orders, Ear, Platform, list[Event]]]:
    ear, platform, posted = Ear(), Platform(), list[Event]()
    options = Options(stop_signal=2, stop_file=str(tmp_path / "stop.json"), stop_text="quit")
    orders = Orders(ear, options, now=lambda: 100.0, courier=platform.deliver, journal=JOURNAL)
    orders.post = posted.append
    async with orders.at_work():
        yield orders, ear, platform, posted


Hands = tuple[Orders, Ear, Platform, list[Event]]


@pytest.mark.parametrize(
    ("effect", "order"),
    [
        (do.SignalGame(), ("signal_game", {"signum": 2})),
        (do.KillGame(), ("kill_game", {})),
        (do.RestartGame(), ("restart_game", {})),
        (do.AskGame("stdin", "requested", 130.0), ("write_stdin", {"text": "quit\n"})),
        (
            do.AnnounceStop("requested", True, 101.0, 140.0, 150.0),
            (
                "stopping",
                {
                    "reason": "requested",
                    "report": True,
                    "signal_at": 101.0,
                    "kill_at": 140.0,
                    "end_at": 150.0,
                },
            ),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_order_goes_to_pid_1(
    hands: Hands, effect: do.Effect, order: tuple[str, dict[str, object]]
) -> None:
    hands[0].perform(effect)
    assert hands[1].heard == [order]


async def test_leave_comes_after_the_last_news(hands: Hands) -> None:
    hands[0].perform(do.Leave(7, "done"))
    assert hands[1].heard == []
    await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.1)
    assert hands[1].heard == [("leave", {"status": 7, "why": "done"})]


async def test_game_that_follows_the_events_has_been_told(hands: Hands, tmp_path: Path) -> None:
    orders, ear = hands[:2]
    orders.perform(do.AskGame("events", "everybody_left", 130.0))
    assert ear.heard == []
    assert not list(tmp_path.iterdir())


async def test_stop_file_says_why_and_how_long(hands: Hands, tmp_path: Path) -> None:
    hands[0].perform(do.AskGame("file", "everybody_left", 130.0))
    written = tmp_path / "stop.json"
    assert json.loads(written.read_text()) == {"reason": "everybody_left", "seconds_left": 30.0}
    assert written.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["stop.json"]


async def test_stop_file_that_cannot_be_written_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = Options(stop_file=str(tmp_path / "missing" / "stop.json"))
    orders = Orders(Ear(), options, now=lambda: 0.0, courier=Platform().deliver, journal=JOURNAL)
    orders.perform(do.AskGame("file", "requested", 30.0))
    assert "cannot write AGENT_STOP_FILE" in caplog.text


async def test_stop_file_without_a_name_is_said(caplog: pytest.LogCaptureFixture) -> None:
    orders = Orders(Ear(), Options(), now=lambda: 0.0, courier=Platform().deliver, journal=JOURNAL)
    orders.perform(do.AskGame("file", "requested", 30.0))
    assert "AGENT_STOP_FILE is not set" in caplog.text


async def test_second_self_stop_waits_for_the_first(hands: Hands) -> None:
    orders, _, platform, posted = hands
    orders.perform(do.SendSelfStop("match_ended"))
    orders.perform(do.SendSelfStop("match_ended"))
    platform.answer.set()
    while not posted:
        await asyncio.wait([asyncio.create_task(platform.answer.wait())])
    assert platform.asked == ["match_ended"]
    assert posted == [SelfStopAccepted("202")]


async def test_self_stop_can_be_sent_again_after_an_answer(hands: Hands) -> None:
    orders, _, platform, posted = hands
    platform.answer.set()
    for count in (1, 2):
        orders.perform(do.SendSelfStop("match_ended"))
        while len(posted) < count:
            await asyncio.wait([asyncio.create_task(platform.answer.wait())])
    assert platform.asked == ["match_ended", "match_ended"]


async def test_self_stop_is_given_up_when_the_platform_ends_us(hands: Hands) -> None:
    orders, _, platform, posted = hands
    orders.perform(do.CancelSelfStop())  # nothing under way: harmless
    orders.perform(do.SendSelfStop("match_ended"))
    await asyncio.wait([asyncio.create_task(platform.cancelled.wait())], timeout=0)
    orders.perform(do.CancelSelfStop())
    await asyncio.wait_for(platform.cancelled.wait(), 20)
    assert posted == []


async def test_logs_without_a_sink_are_shipped_at_once(hands: Hands) -> None:
    orders, _, _, posted = hands
    orders.perform(do.ShipLogs(150.0))
    assert posted == []  # never from within the step that ordered it
    await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.01)
    assert posted == [LogsShipped()]


async def test_line_goes_into_the_journal_at_its_level(
    hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    hands[0].perform(do.Say("error", "still runs and is billed"))
    assert [(r.levelname, r.message) for r in caplog.records] == [
        ("ERROR", "still runs and is billed")
    ]


async def test_what_on_call_reads_is_passed_on(hands: Hands) -> None:
    orders, *_ = hands
    told: list[object] = []
    orders.tell = lambda: told.append("status")
    orders.present = told.append
    bill = do.PresentBill("requested", 1.0, 2.0, 3.0, None, 4.0)
    orders.perform(do.TellStatus())
    orders.perform(bill)
    assert told == ["status", bill]


class Coroner:
    """Takes its time for a report."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.done = asyncio.Event()

    def examine(self, why: str) -> None:
        raise AssertionError(why)

    async def report(self, crash: Crash) -> None:
        self.begun.append(crash.number)
        await self.done.wait()


class Deaf:
    """A game without a door."""

    async def ask(self, order: do.AskGame) -> None:
        raise AssertionError(order)


async def test_report_of_a_crash_comes_before_what_is_shipped_and_before_the_end(
    hands: Hands,
) -> None:
    orders, ear, _, posted = hands
    coroner = Coroner()
    orders.follow(coroner, Deaf())
    for number in (1, 2):
        crash = Crash(
            number=number,
            kind="crashed",
            exit=9,
            why="",
            phase="ready",
            was_ready=True,
            uptime_seconds=1.0,
            players=None,
            restarts=0,
        )
        orders.perform(do.ReportCrash(crash))
    orders.perform(do.ShipLogs(140.0))
    orders.perform(do.Leave(7, "done"))
    await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.1)
    assert coroner.begun == [1]
    assert (ear.heard, posted) == ([], [])
    coroner.done.set()
    await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.1)
    assert coroner.begun == [1, 2]
    assert posted == [LogsShipped()]
    assert ear.heard == [("leave", {"status": 7, "why": "done"})]
