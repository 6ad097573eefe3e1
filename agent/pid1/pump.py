"""The one thread that carries the game's output into the spool, then on to the container's."""

import _thread
import fcntl
import posix
import select
import time

from .coalesce import Coalescer
from .outlets import NEVER, Outlet
from .spool import Spool
from .streams import Stream

OWN = "pid1"  # the stream of our own lines
COPY = "files"  # lines of the game's log files, which the agent keeps elsewhere
LINEWISE = ("agent", COPY)  # whole lines, between those of a stream that goes byte for byte
SILENCE_SECONDS = 0.2
_PIPE_BYTES = 1 << 20
_BUFFER_BYTES = 128 << 10
_LINES = 1000  # of our own, that wait for the thread
_COALESCE_SECONDS = 0.002
_FIONREAD = 0x541B  # ioctl(2): bytes that wait in a pipe


def open_pipe() -> tuple[int, int]:
    """Return a pipe's two ends, of 1 MiB where allowed.

    It takes in what the game writes while the pump does something else. Beyond the user's limit
    for all pipes (16,384 pages) the kernel refuses, and the usual 64 KiB have to do.
    """
    reader, writer = posix.pipe2(posix.O_CLOEXEC)
    try:
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        pass
    return reader, writer


class Pump:
    """A thread that sleeps in poll(2) until a pipe has bytes or an output takes some.

    What a pipe gives goes to the spool first; the output then gets it without ever being waited
    for. Call every method from the main thread.

    Args:
        spool: where the bytes are kept; the pump's alone from `start` on.
        streams: name, the pipe's read end, the container's descriptor. The first stream on a
            descriptor goes out byte for byte; `LINEWISE`, like our own lines, line by line.
        lag: how many bytes an output may be behind before it skips; 0 = the spool's own rule.
        coalesce_seconds: how long small reads are gathered at high rates; 0 = never.
    """

    def __init__(
        self,
        spool: Spool,
        streams: list[tuple[str, int, int]],
        *,
        lag: int = 0,
        coalesce_seconds: float = _COALESCE_SECONDS,
    ) -> None:
        self._spool = spool
        self._poller = select.poll()
        self._bell = posix.eventfd(0, posix.EFD_CLOEXEC | posix.EFD_NONBLOCK)
        self.news = posix.eventfd(0, posix.EFD_CLOEXEC | posix.EFD_NONBLOCK)
        self._sealed: list[tuple[int, dict[str, int]]] = []
        self._poller.register(self._bell, select.POLLIN)
        self._own = spool.stream(OWN)
        self._said: list[bytes] = []
        self._asked: list[tuple[str, str, int]] = []
        self._inlets: dict[int, tuple[Stream, Outlet]] = {}
        self._outlets: list[Outlet] = []
        self._by_fd: dict[int, Outlet] = {}
        self._waiting: set[int] = set()
        self._view = memoryview(bytearray(_BUFFER_BYTES))
        self._coalescer = Coalescer(coalesce_seconds)
        self._read_at = 0.0
        self._silent = False
        self._draining: _thread.LockType | None = None
        self._begun: _thread.LockType | None = None
        self._errors = 0
        self._unsaid = 0
        self._connect(streams, lag or spool.lag)

    def _connect(self, streams: list[tuple[str, int, int]], lag: int) -> None:
        stderr = next((out for name, _, out in streams if name == "stderr"), 2)
        # Ours comes last: it tells what happened to the others.
        for fd in [*{out for _, _, out in streams if out != stderr}, stderr]:
            names = [name for name, _, out in streams if out == fd]
            exact = next((name for name in names if name not in LINEWISE), "")
            lines = [self._spool.stream(name) for name in names if name != exact]
            if fd == stderr:
                lines.insert(0, self._own)
            stream = self._spool.stream(exact) if exact else None
            outlet = Outlet(fd, stream, lines, self._own, lag)
            self._outlets.append(outlet)
            self._by_fd[outlet.writer.fd] = outlet
            for name, reader, out in streams:
                if out == fd:
                    self._inlets[reader] = (self._spool.stream(name), outlet)
                    self._spool.stream(name).is_copy = name == COPY
                    self._poller.register(reader, select.POLLIN)

    def start(self) -> None:
        """Start the thread; before the game is spawned, so that no byte ever waits."""
        _thread.start_new_thread(self._run, ())

    def say(self, line: bytes) -> None:
        """Write a line of our own to stderr, between two lines of the game's; never waits."""
        if len(self._said) >= _LINES:
            self._unsaid += 1
            return
        self._said.append(line if line.endswith(b"\n") else line + b"\n")
        self._ring()

    def seal(self, stream: str = "", token: int = 0) -> None:
        """Read out the pipes, seal the segment of one stream, or of all.

        With a token, `news` is readable when it is done.
        """
        self._asked.append(("seal", stream, token))
        self._ring()

    def sealed(self) -> list[tuple[int, dict[str, int]]]:
        """Return each token of `seal` that is done, with how far every stream had come."""
        try:
            posix.eventfd_read(self.news)
        except BlockingIOError:
            return []
        done, self._sealed = self._sealed, []
        return done

    def release(self, stream: str, seq: int) -> None:
        """Let go of a sealed segment: it was shipped."""
        self._asked.append(("release", stream, seq))
        self._ring()

    def drain(self, deadline: float) -> None:
        """Wait until the pipes are read out and the outputs have it all, at most to *deadline*.

        A pipe is read out at its end, or after 200 ms of silence where a grandchild still holds
        it. Close your own copies of the write ends first, or they cost these 200 ms.

        Args:
            deadline: boot-time seconds.
        """
        draining = _thread.allocate_lock()
        draining.acquire()
        self._draining = draining
        self._ring()
        left = deadline - time.clock_gettime(time.CLOCK_BOOTTIME)
        draining.acquire(timeout=max(0.0, left))
        self._draining = None
        for outlet in self._outlets:
            outlet.hurry = False

    def counters(self) -> dict[str, int]:
        """Return bytes in and out by stream, what was skipped or dropped, and faults."""
        counts = self._spool.counters()
        for name, stream in self._spool.streams.items():
            counts[f"{name}_in_bytes"] = stream.end
            counts[f"{name}_out_bytes"] = stream.cursor - stream.skipped
            counts[f"{name}_skipped_bytes"] = stream.skipped
        counts["output_failures"] = sum(outlet.failures for outlet in self._outlets)
        counts["pump_errors"] = self._errors
        counts["unsaid_lines"] = self._unsaid
        return counts

    def ends(self) -> dict[str, int]:
        """Return how far every stream has come; what is in the pipes comes after that."""
        return {name: stream.end for name, stream in self._spool.streams.items()}

    def _ring(self) -> None:
        try:
            posix.eventfd_write(self._bell, 1)
        except BlockingIOError:
            pass  # it rings already

    def _run(self) -> None:
        pause = 0.001
        while True:
            try:
                self._turn()
                pause = 0.001
            except Exception:  # noqa: BLE001 - nothing may end the flow of the game's output
                self._errors += 1
                self._begun = None  # a drain starts over
                time.sleep(pause)
                pause = min(1.0, pause * 2)

    def _turn(self) -> None:
        """Sleep until something happens, then do what there is to do."""
        # Only a turn that began after the main thread asked can say that nothing was left.
        draining = self._draining  # it may be taken back at any time
        news, self._begun = draining is not self._begun, draining
        events = self._poller.poll(0 if news else self._timeout())
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        count = 0
        for fd, _ in events:
            if fd in self._inlets:
                count += self._take(fd)
            elif fd != self._bell:
                self._by_fd[fd].writable(now)
        if any(fd == self._bell for fd, _ in events):
            self._answer()  # last: a seal reads out the pipes
        self._push(now)
        if draining:
            self._check_drained(draining, now, silent=not count)
        elif count:
            self._coalescer.after(count, now)

    def _timeout(self) -> float | None:
        """Return how long to sleep in milliseconds; None = until something happens."""
        at = min(outlet.look_at for outlet in self._outlets)
        if self._spool.seal_seconds < NEVER:
            at = min(at, self._spool.seal_old(time.clock_gettime(time.CLOCK_BOOTTIME)))
        if self._draining and self._inlets and not self._silent:
            at = min(at, self._read_at + SILENCE_SECONDS)
        if at == NEVER:
            return None
        return max(0.0, (at - time.clock_gettime(time.CLOCK_BOOTTIME)) * 1000)

    def _take(self, fd: int) -> int:
        """Read a pipe once; into the spool first, then offered to the output."""
        stream, outlet = self._inlets[fd]
        try:
            count = posix.readv(fd, [self._view])
        except OSError:
            count = 0  # closed under us: as good as its end
        if not count:
            self._poller.unregister(fd)
            del self._inlets[fd]
            return 0
        view = self._view[:count]
        stalls = self._spool.stalls
        stream.append(view)
        self._read_at = stream.appended_at
        outlet.offer(stream, view)
        if self._spool.stalls != stalls:  # it is in the hands of a disk that hangs
            self._view = memoryview(bytearray(_BUFFER_BYTES))
        return count

    def _answer(self) -> None:
        posix.eventfd_read(self._bell)
        while self._said:
            self._own.append(memoryview(self._said.pop(0)))
        while self._asked:
            what, name, seq = self._asked.pop(0)
            if what == "seal":
                self._seal(name, seq)
            else:
                self._spool.release(name, seq)

    def _seal(self, name: str, token: int) -> None:
        """Seal with every byte that was in a pipe when it was asked for."""
        for fd in list(self._inlets):
            left = _PIPE_BYTES  # a game that floods is not followed for ever
            while left > 0 and fd in self._inlets and _waits(fd):
                left -= self._take(fd)
        self._spool.seal(name)
        if not token:
            return
        self._sealed.append((token, self.ends()))
        posix.eventfd_write(self.news, 1)

    def _push(self, now: float) -> None:
        for outlet in self._outlets:
            outlet.push(now)
            fd = outlet.writer.fd
            if outlet.blocked and fd not in self._waiting:
                self._poller.register(fd, select.POLLOUT)
                self._waiting.add(fd)
            elif not outlet.blocked and fd in self._waiting:
                self._poller.unregister(fd)
                self._waiting.remove(fd)

    def _check_drained(self, draining: _thread.LockType, now: float, *, silent: bool) -> None:
        self._silent = silent and now - self._read_at >= SILENCE_SECONDS
        if self._inlets and not self._silent:
            return
        for outlet in self._outlets:
            outlet.hurry = True
        self._push(now)
        if all(outlet.flushed for outlet in self._outlets) and draining.locked():
            draining.release()


def _waits(fd: int) -> bool:
    return any(fcntl.ioctl(fd, _FIONREAD, bytes(4)))
