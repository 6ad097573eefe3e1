"""What leaves by one descriptor, as far as its reader takes it."""

import errno
import posix

from .streams import Stream
from .writers import PIECE_BYTES, SMALL_BYTES, Writer, open_writer

HOLD_SECONDS = 0.5  # how long a partial line of the game's holds our own lines back
RETRY_SECONDS = 1.0
NEVER = float("inf")
_NEWLINE = 10
_STEPS = 8  # pieces in a row, then the pipes get their turn again
_GONE = (errno.EPIPE, errno.EBADF, errno.ECONNRESET, errno.ENOTCONN, errno.ENXIO)


class Outlet:
    """The streams that leave by one descriptor: one byte for byte, the others line by line.

    Each stream's cursor says what was taken; the bytes themselves wait in the spool. Lines of the
    other streams go in between two lines of the exact one. A reader that takes too little makes
    the outlet `blocked`, and costs nobody anything until the cursor lags so far behind that it
    has to jump; one line then says how much was left out.

    Args:
        fd: the descriptor, which we inherited.
        exact: the stream that goes out byte for byte, if there is one.
        lines: the streams that go out in whole lines.
        own: the stream of our own lines, for what there is to tell.
        lag: how many bytes a cursor may lag behind.

    Attributes:
        blocked: to be told by `writable` when the reader takes more.
        look_at: when `push` has something to do without anything new, boot-time seconds.
        hurry: nothing more will come; our own lines wait for no line's end.
        failures: how many writes failed.
    """

    def __init__(
        self, fd: int, exact: Stream | None, lines: list[Stream], own: Stream, lag: int
    ) -> None:
        self.blocked = False
        self.look_at = NEVER
        self.hurry = False
        self.failures = 0
        self._exact = exact
        self._lines = lines
        self._own = own
        self._streams = [*lines, exact] if exact else lines
        self._lag = lag
        self._buffer = bytearray(PIECE_BYTES)
        self._view = memoryview(self._buffer)
        self._between = memoryview(b"")  # lines on their way, after their cursors
        self._mid_line = False
        self._held_at = 0.0
        self._resting_until = 0.0
        try:
            self.writer = open_writer(fd)
        except OSError:
            self.writer = Writer(-1)
            self._resting_until = NEVER

    @property
    def flushed(self) -> bool:
        """Whether the reader has all, or is gone."""
        if self._resting_until == NEVER:
            return True
        held = self.writer.held or self._between
        return not held and all(s.cursor == s.end for s in self._streams)

    def offer(self, stream: Stream, view: memoryview) -> None:
        """Write what *stream* just appended, while nothing is in front of it.

        This saves reading it back from the spool; `push` does whatever is left to do. What the
        spool could not keep goes before our own lines: it would be lost behind them.
        """
        if (
            stream is self._exact
            and not (self.writer.splices and len(view) > SMALL_BYTES)
            and not self.blocked
            and not self._resting_until
            and stream.cursor == stream.end - len(view)
            and not self._between
            and not (stream.kept and any(s.cursor < s.end for s in self._lines))
        ):
            try:
                self._write_exact(stream, view)
            except OSError as error:
                self._fail(error, stream.appended_at)

    def writable(self, now: float) -> None:
        """Go on after the reader took something."""
        try:
            self.blocked = not self.writer.flush()
        except OSError as error:
            self.blocked = False
            self._fail(error, now)

    def push(self, now: float) -> None:
        """Write what can be written now, some pieces at the most."""
        self.look_at = NEVER
        if self.blocked:
            return
        if now < self._resting_until:
            self._rest()
            return
        self._resting_until = 0.0
        try:
            for _ in range(_STEPS):
                if not self._step(now):
                    return
            self.look_at = now
        except OSError as error:
            self._fail(error, now)

    def _step(self, now: float) -> bool:
        """Write one piece; say whether another may follow at once."""
        if self._between:
            self._between = self._between[self._write(self._between) :]
            return not self.blocked
        self._keep_up()
        found = self._find_lines(now)
        exact = self._exact
        if exact is None or exact.cursor == exact.end:
            return self._put_between(found, now)
        if not found and self._splice(exact):
            return not self.blocked
        count = exact.read(exact.cursor, self._view)
        if not count:
            return self._go_past(exact, now)
        if found:
            # Our own lines may go in after the last whole line that is there.
            whole = 0 if not self._mid_line else self._buffer.rfind(b"\n", 0, count) + 1
            if not whole and self._put_between(found, now):
                return True
            count = whole or count
        self._write_exact(exact, self._view[:count])
        return not self.blocked

    def _splice(self, exact: Stream) -> bool:
        """Pass on pages of the spool, if that is worth it; say whether something was done."""
        if not self.writer.splices or exact.end - exact.cursor <= SMALL_BYTES:
            return False
        found = exact.locate(exact.cursor)
        if found is None:
            return False
        file, offset, count = found
        count = self.writer.put_file(file, offset, count)
        self.blocked = self.writer.held > 0
        if count:
            exact.cursor += count
            self._mid_line = posix.pread(file, 1, offset + count - 1) != b"\n"
        return self.blocked or count > 0

    def _find_lines(self, now: float) -> tuple[Stream, bytearray] | None:
        """Return a stream and its whole lines, or a line that stays partial for too long."""
        for stream in self._lines:
            if stream.cursor == stream.end:
                continue
            count = stream.read(stream.cursor, self._view)
            if not count:
                self._go_past(stream, now)
                continue
            whole = self._buffer.rfind(b"\n", 0, count) + 1
            due = stream.appended_at + HOLD_SECONDS
            if whole or self.hurry or due <= now or count == PIECE_BYTES:
                return stream, self._buffer[: whole or count]
            self.look_at = min(self.look_at, due)
        return None

    def _put_between(self, found: tuple[Stream, bytearray] | None, now: float) -> bool:
        """Begin to write lines of our own, if this is a line's end or they waited too long."""
        if found is None or (self._mid_line and not self._waited(now)):
            return False
        stream, lines = found
        stream.cursor += len(lines)
        if self._mid_line:
            lines[:0] = b"\n"
        if lines[-1] != _NEWLINE:
            lines += b"\n"
        self._between = memoryview(lines)
        self._mid_line = False
        self._held_at = 0.0
        return True

    def _waited(self, now: float) -> bool:
        self._held_at = self._held_at or now
        due = self._held_at + HOLD_SECONDS
        if due <= now or self.hurry:
            return True
        self.look_at = min(self.look_at, due)
        return False

    def _write_exact(self, stream: Stream, view: memoryview) -> None:
        done = 0
        while done < len(view) and not self.blocked:
            count = self._write(view[done:])
            done += count
            stream.cursor += count
            if count:
                self._mid_line = view[done - 1] != _NEWLINE

    def _write(self, view: memoryview) -> int:
        count = self.writer.put(view)
        self.blocked = self.writer.held > 0 or count < min(len(view), PIECE_BYTES)
        return count

    def _keep_up(self) -> None:
        for stream in self._streams:
            if stream.cursor < stream.start or stream.end - stream.cursor > self._lag:
                self._jump(stream)

    def _jump(self, stream: Stream) -> None:
        """Go on at a line's start, half the allowed lag behind."""
        target = stream.start
        if stream.end - target > self._lag:
            target = stream.next_readable(stream.end - self._lag // 2)
        count = stream.read(target, self._view)
        newline = self._buffer.find(b"\n", 0, count)
        if newline >= 0:
            # A line that was cut keeps its end: then the newline itself comes next.
            target += newline + (0 if self._mid_line and stream is self._exact else 1)
        self._skip(stream, target)

    def _go_past(self, stream: Stream, now: float) -> bool:
        """Leave out what cannot be read; False where it only takes time: its disk hangs."""
        target = stream.next_readable(stream.cursor)
        if target == stream.cursor:
            self.look_at = min(self.look_at, now + RETRY_SECONDS)
            return False
        self._skip(stream, target)
        return True

    def _skip(self, stream: Stream, target: int) -> None:
        """Leave out what lies before *target*, with one line that says how much."""
        count = target - stream.cursor
        stream.cursor = target
        stream.skipped += count
        if self._resting_until < NEVER:
            line = f"agent[pid1]: {count} bytes of {stream.name} left out: its reader is slow\n"
            self._own.append(memoryview(line.encode()))

    def _fail(self, error: OSError, now: float) -> None:
        self.failures += 1
        self._resting_until = NEVER if error.errno in _GONE else now + RETRY_SECONDS
        self._rest()

    def _rest(self) -> None:
        """Wait before the next try (ENOSPC, EIO), or for ever: the reader is gone."""
        if self._resting_until < NEVER:
            self.look_at = self._resting_until
            return
        for stream in self._streams:
            self._skip(stream, stream.end)
