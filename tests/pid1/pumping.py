"""A pump between pipes, turned by hand, by its thread, or in a process of its own."""

import _thread
import contextlib
import errno
import fcntl
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from agent.pid1.pump import Pump, open_pipe
from agent.pid1.segments import Place
from agent.pid1.spool import Spool

KIB = 1024

MIB = 1024 * KIB

RELAY = str(Path(__file__).parents[1] / "games" / "relay.py")

DRAIN_SECONDS = 15.0


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def shrink(fd: int) -> None:
    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4 * KIB)


def lines(count: int) -> bytes:
    return b"".join(b"%07d the game says something\n" % number for number in range(count))


def refuse(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.EINVAL, "Invalid argument")


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class Rig:
    """A pump without its thread, so that a test says when it turns; small pipes around it."""

    def __init__(self, folder: Path | str, *, lag: int = 0, limit: int = 8 * MIB) -> None:
        self.spool = Spool(Place(str(folder), limit), limit)
        self.game_out, self.game_err, self.agent = open_pipe(), open_pipe(), open_pipe()
        self.out, self.err = os.pipe(), os.pipe()
        pipes = (self.game_out, self.game_err, self.agent, self.out, self.err)
        self.ends = {fd for pipe in pipes for fd in pipe}
        for fd in (self.out[0], self.err[0]):
            shrink(fd)
            os.set_blocking(fd, False)
        self.pump = Pump(
            self.spool,
            [
                ("stdout", self.game_out[0], self.out[1]),
                ("stderr", self.game_err[0], self.err[1]),
                ("agent", self.agent[0], self.err[1]),
            ],
            lag=lag,
            coalesce_seconds=0,
        )

    def settle(self) -> None:
        """Let the pump turn until it would sleep."""
        while self.pump._poller.poll(0) or self.pump._timeout() == 0:
            self.pump._turn()

    def read(self, fd: int) -> bytes:
        """Read what is there, the pump going on meanwhile, until nothing more comes."""
        got = bytearray()
        while True:
            self.settle()
            try:
                got += os.read(fd, MIB)
            except BlockingIOError:
                return bytes(got)

    def write(self, fd: int, data: bytes) -> None:
        """Write all of it, the pump emptying the pipe meanwhile."""
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view[: 64 * KIB]) :]
            self.settle()

    def shut(self, *fds: int) -> None:
        """Close some of the ends early."""
        for fd in fds:
            os.close(fd)
            self.ends.remove(fd)

    def close(self) -> None:
        self.shut(*tuple(self.ends))


def close_write_ends(rig: Rig) -> None:
    rig.shut(rig.game_out[1], rig.game_err[1], rig.agent[1])


class EndOfThreadError(BaseException):
    """Ends the pump's loop, which catches every Exception."""


def start_thread(function: Callable[[], None], arguments: tuple[()]) -> None:
    def run() -> None:
        with contextlib.suppress(EndOfThreadError):
            function(*arguments)

    threading.Thread(target=run).start()


class Threaded(Rig):
    """A rig whose pump has its thread; it is ended with the rig."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder)
        # The same thread by another door, through which coverage can follow.
        monkeypatch.setattr(_thread, "start_new_thread", start_thread)
        self.ended = _thread.allocate_lock()
        self.ended.acquire()
        self.end = False
        self.turn = self.pump._turn
        self.pump._turn = self.turn_or_end  # type: ignore[method-assign] # the way out
        self.pump.start()

    def turn_or_end(self) -> None:
        if self.end:
            self.ended.release()
            raise EndOfThreadError
        self.turn()

    def close(self) -> None:
        self.end = True
        self.pump.say(b"")
        assert self.ended.acquire(timeout=20)
        super().close()


class Run:
    """The pump in a process of its own, as PID 1 runs it."""

    def __init__(self, folder: Path, out: int, *, limit: int = 256 * MIB, lag: int = 0) -> None:
        self.game_out, self.game_err, self.agent = open_pipe(), open_pipe(), open_pipe()
        self.err, self.hold, self.report = os.pipe(), os.pipe(), os.pipe()
        given = {
            1: out, 2: self.err[1], 3: self.game_out[0], 4: self.game_err[0], 5: self.agent[0],
            6: self.hold[0], 7: self.report[1],
        }  # fmt: skip
        actions = []
        # Two steps, since a number may be another one's source.
        above = {to: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for to, fd in given.items()}
        actions = [(os.POSIX_SPAWN_DUP2, fd, to) for to, fd in above.items()]
        argv = [sys.executable, RELAY, str(folder), str(limit), str(lag)]
        self.pid = os.posix_spawn(sys.executable, argv, os.environ, file_actions=actions)
        for fd in [*above.values(), *(fd for to, fd in given.items() if to != 1)]:
            os.close(fd)

    def finish(self) -> dict[str, int]:
        """Let it drain and leave; return its counters."""
        for fd in (self.game_out[1], self.game_err[1], self.agent[1], self.hold[1]):
            os.close(fd)
        with os.fdopen(self.report[0]) as report:
            text = report.read()
        os.close(self.err[0])
        assert os.waitpid(self.pid, 0)[1] == 0
        counters = json.loads(text)
        self.folder = Path(counters.pop("folder"))
        assert counters["pump_errors"] == counters["output_failures"] == 0
        return dict(counters)

    def spooled(self, stream: str) -> bytes:
        found = self.folder.glob(f"{stream}-*.log")
        ordered = sorted(found, key=lambda path: int(path.stem.split("-")[1]))
        return b"".join(path.read_bytes() for path in ordered)
