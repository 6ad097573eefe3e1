"""What an agent's successor must know, in a memfd that PID 1 keeps.

The file has a fixed header with the heartbeat, then two slots. A slot begins with a whole
state; the events that were taken since follow it, so that a verb costs its own bytes. A
successor replays them: ``step`` is pure. When the events outgrow the state, the state is
written into the other slot under the next generation. Every record carries its length, its
generation, its place in the row with a CRC over all of it: a record that was cut by a
SIGKILL ends the row, a slot whose state was cut is not the newest, and what an older
generation left behind is not taken for new. It is MessagePack: JSON has no word for infinity,
which is the deadline of all that has none.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from .core import events as events_module
from .core.events import Event
from .core.state import State
from .errors import StateFullError
from .pid1 import wire

_HEAD = struct.Struct("<IIQQ")  # length, CRC, generation, place
_BEAT = struct.Struct("<Q")
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in events_module.Event.__args__}
_GROWING = (
    events_module.PlayersSet,
    events_module.PlayerJoined,
    events_module.LinesMatched,
    events_module.MatchStarted,
)
"""Facts that others can add without end. What is left of a slot is for our own, such as a stop,
which nobody is there to be told of when they are refused."""
_RESERVED = 16  # one part of so many
_LEAST_ROOM = 64 * 1024  # bytes of events before a new state is worth writing

Record = tuple[float, Event]


class Memory:
    """The state memfd, as its one writer sees it."""

    def __init__(self, fd: int, slot_bytes: int = wire.SLOT_BYTES) -> None:
        self._fd = fd
        self._slot_bytes = slot_bytes
        self._slot = 0
        self._generation = 0
        self._place = 0
        self._end = 0  # of the row, within the slot
        self._room = _LEAST_ROOM
        self._beats = 0

    def beat(self) -> None:
        """Show PID 1 that the event loop still turns."""
        self._beats += 1
        os.pwrite(self._fd, _BEAT.pack(self._beats), wire.HEARTBEAT_OFFSET)

    def recall(self) -> tuple[State | None, list[Record]]:
        """Return the newest whole state with the events after it; None where there is none."""
        rows = [self._row(slot) for slot in (0, 1)]
        slot = max((0, 1), key=lambda each: rows[each][0])
        generation, payloads = rows[slot]
        if not payloads:
            return None, []
        self._slot, self._generation = slot, generation
        self._place = len(payloads)
        self._end = sum(_HEAD.size + len(payload) for payload in payloads)
        self._room = self._end + _LEAST_ROOM
        state = msgspec.msgpack.decode(payloads[0], type=State)
        return state, [_decode(payload) for payload in payloads[1:]]

    def keep(self, state: State) -> None:
        """Write the whole state into the other slot.

        Raises:
            StateFullError: it is larger than a slot.
        """
        payload = msgspec.msgpack.encode(state)
        self._check(len(payload), self._slot_bytes)
        generation = self._generation + 1
        record = _pack(payload, generation, 0)
        os.pwrite(self._fd, record, self._offset(1 - self._slot))
        self._slot, self._generation, self._place = 1 - self._slot, generation, 1
        self._end = len(record)
        self._room = self._end + max(_LEAST_ROOM, 2 * self._end)

    def append(self, event: Event, now: float, after: State) -> None:
        """Remember a fact that was taken at *now* and led to the state *after*.

        Raises:
            StateFullError: nothing was written, the fact must not be acted on. Facts of our own
                are never refused: the others leave room for them.
        """
        payload = msgspec.msgpack.encode((type(event).__name__, now, event))
        record = _pack(payload, self._generation, self._place)
        # In a row so short, facts cannot add up to a state that is too large.
        is_near = self._end + len(record) > self._slot_bytes // 4
        if is_near and isinstance(event, _GROWING):
            most = self._slot_bytes - self._slot_bytes // _RESERVED
            self._check(len(msgspec.msgpack.encode(after)), most)
        if self._end + len(record) > min(self._room, self._slot_bytes):
            self.keep(after)
            return
        os.pwrite(self._fd, record, self._offset(self._slot) + self._end)
        self._place += 1
        self._end += len(record)

    def _check(self, size: int, most: int) -> None:
        if _HEAD.size + size > most:
            raise StateFullError(
                f"cannot remember that: {size} bytes of state, {most - _HEAD.size} fit",
                fix="send fewer or shorter ids",
            )

    def _offset(self, slot: int) -> int:
        return wire.SLOTS_OFFSET + slot * self._slot_bytes

    def _row(self, slot: int) -> tuple[int, list[bytes]]:
        """Return a slot's generation with its intact records."""
        payloads: list[bytes] = []
        generation = 0
        for found, payload in self._records(self._offset(slot)):
            if payloads and found != generation:
                break
            generation = found
            payloads.append(payload)
        return generation, payloads

    def _records(self, offset: int) -> Iterator[tuple[int, bytes]]:
        place, end = 0, offset + self._slot_bytes
        while offset + _HEAD.size <= end:
            head = os.pread(self._fd, _HEAD.size, offset)
            if len(head) < _HEAD.size:
                return
            length, crc, generation, numbered = _HEAD.unpack(head)
            if numbered != place or not length or offset + _HEAD.size + length > end:
                return
            payload = os.pread(self._fd, length, offset + _HEAD.size)
            if len(payload) < length or crc != _crc(payload, generation, place):
                return
            yield generation, payload
            offset += _HEAD.size + length
            place += 1


def _decode(payload: bytes) -> Record:
    name, now, fields = msgspec.msgpack.decode(payload, type=tuple[str, float, msgspec.Raw])
    return now, msgspec.msgpack.decode(fields, type=_KINDS[name])


def _pack(payload: bytes, generation: int, place: int) -> bytes:
    crc = _crc(payload, generation, place)
    return _HEAD.pack(len(payload), crc, generation, place) + payload


def _crc(payload: bytes, generation: int, place: int) -> int:
    return zlib.crc32(payload, zlib.crc32(struct.pack("<QQ", generation, place)))
