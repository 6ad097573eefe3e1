"""One stream passed on by hand, where no pump does it."""

import posix
import select

_CHUNK_BYTES = 1 << 16


class Relay:
    """A pipe's reading end with the output that it leads to; one turn at a time.

    Attributes:
        is_open: somebody still writes to the pipe, or bytes of it are still held.
    """

    def __init__(self, reader: int, target: int) -> None:
        self.is_open = True
        self._reader = reader
        self._target = target
        self._held = b""

    def awaits(self) -> tuple[int, int]:
        """Return the descriptor with the poll event that the next turn needs."""
        return (self._target, select.POLLOUT) if self._held else (self._reader, select.POLLIN)

    def turn(self, ready: dict[int, int]) -> None:
        """Read once or write once, whatever its descriptor is ready for; never waits."""
        if self.awaits()[0] not in ready:
            return
        if self._held:
            self._write()
        else:
            self._read()

    def _read(self) -> None:
        try:
            self._held = posix.read(self._reader, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:  # EBADF: we were started with it closed
            pass
        self.is_open = bool(self._held)

    def _write(self) -> None:
        try:
            # A pipe that is ready takes so many: more of them could block us.
            count = posix.write(self._target, self._held[: select.PIPE_BUF])
        except BlockingIOError:
            return
        except OSError:  # nobody reads the output any more: the game shall not feel it
            count = len(self._held)
        self._held = self._held[count:]
