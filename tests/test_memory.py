"""What an agent's successor is told, whatever the writer died of."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from agent.core.events import (
    DeadlinePassed,
    Event,
    GameExited,
    HoldPlaced,
    MatchStarted,
    PlayerJoined,
    PlayersSet,
    Resynced,
    SelfStopAccepted,
    SelfStopFailed,
    StopRequested,
    TermReceived,
)
from agent.core.lifecycle import step
from agent.core.options import Options
from agent.core.state import State
from agent.errors import StateFullError
from agent.memory import Memory
from agent.pid1 import wire

OPTIONS = Options()
BORN = State(boot_id="b", born=100.0, phase_since=100.0)
FACTS = [
    Resynced(7, 100.0, None, None, on_edgegap=True, declared_ports=("gameport",)),
    MatchStarted("m-1"),
    PlayersSet(ids=("ann", "bob"), capacity=8),
    HoldPlaced(60.0, "boss fight"),
    TermReceived(15),
    GameExited(0),
]


@pytest.fixture
def fd() -> Iterator[int]:
    made = os.memfd_create("state")
    yield made
    os.close(made)


def live(memory: Memory, state: State, facts: list[object], at: float = 101.0) -> State:
    for event in facts:
        after, _ = step(state, event, at, OPTIONS)  # type: ignore[arg-type]
        memory.append(event, at, after)  # type: ignore[arg-type]
        state, at = after, at + 1.0
    return state


def recalled(fd: int, slot_bytes: int = wire.SLOT_BYTES) -> State | None:
    state, records = Memory(fd, slot_bytes).recall()
    for now, event in records:
        assert state is not None
        state, _ = step(state, event, now, OPTIONS)
    return state


def test_nothing_was_ever_written(fd: int) -> None:
    assert recalled(fd) is None


def test_successor_knows_what_the_predecessor_knew(fd: int) -> None:
    memory = Memory(fd)
    memory.keep(BORN)
    assert recalled(fd) == BORN
    state = live(memory, BORN, list(FACTS))
    assert recalled(fd) == state


def test_successor_of_a_successor_writes_on_where_the_row_ended(fd: int) -> None:
    memory = Memory(fd)
    memory.keep(BORN)
    state = live(memory, BORN, list(FACTS[:2]))
    second = Memory(fd)
    second.recall()
    state = live(second, state, list(FACTS[2:]), at=103.0)
    assert recalled(fd) == state


def test_write_cut_at_any_byte_loses_that_fact_only(fd: int, tmp_path: Path) -> None:
    memory = Memory(fd)
    memory.keep(BORN)
    before = live(memory, BORN, list(FACTS[:3]))
    whole = os.pread(fd, 1 << 20, 0)
    memory.append(MatchStarted("m-2"), 105.0, before)
    longer = os.pread(fd, 1 << 20, 0)
    second_slot = wire.SLOTS_OFFSET + wire.SLOT_BYTES
    written = os.pread(fd, 1 << 20, second_slot)  # the first keep goes to the other slot
    start = len(whole) if len(longer) > len(whole) else None
    assert start is None  # so the row lies in the second slot
    record = len(msgspec.msgpack.encode(("MatchStarted", 105.0, MatchStarted("m-2")))) + 24
    row = written.rstrip(b"\0")
    for cut in range(record):
        path = tmp_path / "cut"
        with path.open("wb") as file:
            file.seek(second_slot)
            file.write(row[: len(row) - record + cut])
        other = os.open(path, os.O_RDWR)
        assert recalled(other) == before
        os.close(other)


def test_state_cut_at_any_byte_leaves_the_older_slot(fd: int, tmp_path: Path) -> None:
    slot = 4096
    memory = Memory(fd, slot)
    memory.keep(BORN)
    before = live(memory, BORN, list(FACTS[:3]))
    old = os.pread(fd, 1 << 20, 0)
    memory.keep(before)
    new = os.pread(fd, 1 << 20, 0)
    start = wire.SLOTS_OFFSET
    length = len(new[start : start + slot].rstrip(b"\0"))
    for cut in range(length):
        path = tmp_path / "cut"
        path.write_bytes(old[:start] + new[start : start + cut] + old[start + cut :])
        other = os.open(path, os.O_RDWR)
        assert recalled(other, slot) == before
        os.close(other)


def test_leftovers_of_an_older_generation_are_not_taken_for_new(fd: int) -> None:
    memory = Memory(fd)
    memory.keep(BORN)
    live(memory, BORN, list(FACTS))  # a long row in one slot
    memory.keep(BORN)
    memory.keep(BORN)  # the same slot again, its old events behind the new state
    assert recalled(fd) == BORN


def test_ten_thousand_joins_cost_their_own_bytes(fd: int) -> None:
    memory = Memory(fd)
    memory.keep(BORN)
    state, written = BORN, 0
    real = os.pwrite

    def counting(out: int, data: bytes, offset: int) -> int:
        nonlocal written
        written += len(data)
        return real(out, data, offset)

    patch = pytest.MonkeyPatch()
    patch.setattr(os, "pwrite", counting)
    for number in range(10_000):
        event = PlayerJoined(f"player-{number}")
        state, _ = step(state, event, 101.0, OPTIONS)
        memory.append(event, 101.0, state)
    patch.undo()
    final = len(msgspec.msgpack.encode(state))
    assert written < 10_000 * 100 + 6 * final
    assert recalled(fd) == state


def test_more_than_a_slot_is_refused_and_nothing_is_written(fd: int) -> None:
    memory = Memory(fd, 2048)
    memory.keep(BORN)
    event = PlayersSet(ids=tuple(f"player-{number:06}" for number in range(200)))
    after, _ = step(BORN, event, 101.0, OPTIONS)
    with pytest.raises(StateFullError, match="1896 fit"):
        memory.append(event, 101.0, after)
    assert recalled(fd, 2048) == BORN


def test_facts_of_our_own_fit_where_no_player_does_any_more(fd: int) -> None:
    memory, state = Memory(fd, 64 * 1024), BORN
    memory.keep(BORN)
    joins = (PlayerJoined(f"player-{number:0100}") for number in range(10_000))
    with suppress(StateFullError):
        for event in joins:
            after, _ = step(state, event, 101.0, OPTIONS)
            memory.append(event, 101.0, after)
            state = after
    assert 100 < len(state.players.ids) < 10_000
    own: list[Event] = [
        SelfStopFailed("x" * 500, attempts=3),
        HoldPlaced(60.0, "y" * 512),
        StopRequested("z" * 512),
        TermReceived(15),
        GameExited(9),
        *[DeadlinePassed() for _ in range(1000)],
        SelfStopAccepted("202"),
    ]
    for at, fact in enumerate(own):
        state, _ = step(state, fact, 102.0 + at, OPTIONS)
        memory.append(fact, 102.0 + at, state)
    assert recalled(fd, 64 * 1024) == state


def test_stop_without_an_end_is_kept_whole(fd: int) -> None:
    """An infinite deadline has no word in JSON."""
    state, _ = step(BORN, StopRequested(), 101.0, OPTIONS)
    assert state.stop is not None
    Memory(fd).keep(state)
    assert recalled(fd) == state


def test_heartbeat_counts_up_where_pid_1_looks(fd: int) -> None:
    memory = Memory(fd)
    memory.beat()
    memory.beat()
    assert int.from_bytes(os.pread(fd, 8, wire.HEARTBEAT_OFFSET), "little") == 2
