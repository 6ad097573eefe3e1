"""Writing to inherited descriptors without ever waiting for their readers."""

import _stat
import errno
import fcntl
import posix
import select

PIECE_BYTES = 64 << 10
SMALL_BYTES = 8 << 10  # up to here one copy is cheaper than a page handed over
_POLLOUT_BYTES = 4096  # PIPE_BUF: what a pipe that polls writable takes without waiting
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


class Writer:
    """A descriptor whose writes do not wait for a reader: regular files, devices.

    Each other kind has its own way to be asked not to wait. ``O_NONBLOCK`` is never set on what
    we inherited: it belongs to the open file description, which other processes share.

    Attributes:
        fd: what to poll for POLLOUT when `put` took too little, or `held` is not 0.
        held: how many bytes were taken over, yet not passed on.
        splices: what is in a file goes by `put_file`, which copies nothing.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.held = 0
        self.splices = False

    def put(self, view: memoryview) -> int:
        """Take over the first bytes of *view*, at most PIECE_BYTES, and return how many.

        Raises:
            OSError: the descriptor takes nothing, now or for ever.
        """
        return posix.write(self.fd, view[:PIECE_BYTES])

    def put_file(self, file: int, offset: int, count: int) -> int:
        """Take over bytes of a file as `put` does; where `splices` is false, none.

        The file must never be truncated or written to there again: the pages themselves travel.
        """
        del file, offset, count
        return 0

    def flush(self) -> bool:
        """Pass on what was taken over; say whether nothing of it is left."""
        return True


class PipeWriter(Writer):
    """A pipe. Large pieces go through a pipe of our own, from which splice(2) does not wait.

    Small ones go by pwritev2(RWF_NOWAIT), which pipes know from Linux 6.4 on: one system call
    instead of two, and many lines share a page of the pipe. Where splice is not known either
    (gVisor), what polls writable takes 4096 bytes at a time.
    """

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._side, self._into = posix.pipe2(posix.O_CLOEXEC | posix.O_NONBLOCK)
        self.splices = True
        self._nowait = True
        self._pieces = False
        self._rest = memoryview(b"")  # what came back from our own pipe
        self._poller = select.poll()
        self._poller.register(fd, select.POLLOUT)

    def put(self, view: memoryview) -> int:
        """See `Writer.put`."""
        if self.held and not self.flush():
            return 0
        if self._nowait and len(view) <= SMALL_BYTES:
            try:
                return posix.pwritev(self.fd, [view], -1, posix.RWF_NOWAIT)
            except BlockingIOError:
                return 0
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    raise
                self._nowait = False
        if self._pieces:
            return self._put_pieces(view)
        # Never more than our own pipe holds: it is empty here.
        count = self.held = posix.write(self._into, view[:PIECE_BYTES])
        self.flush()
        return count

    def put_file(self, file: int, offset: int, count: int) -> int:
        """See `Writer.put_file`."""
        if self.held and not self.flush():
            return 0
        if not self.splices:
            return 0
        try:
            count = posix.splice(file, self._into, min(count, PIECE_BYTES), offset_src=offset)
        except OSError:
            self.splices = False  # not from this file system; reading tells what else it may be
            return 0
        self.held = count
        self.flush()
        return count

    def flush(self) -> bool:
        """See `Writer.flush`."""
        try:
            while self.held and not self._pieces:
                self.held -= posix.splice(
                    self._side, self.fd, self.held, flags=posix.SPLICE_F_NONBLOCK
                )
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            self._pieces = True
            self.splices = False
            self._rest = memoryview(posix.read(self._side, self.held))
        if self._rest:
            self._rest = self._rest[self._put_pieces(self._rest) :]
            self.held = len(self._rest)
        return not self.held

    def _put_pieces(self, view: memoryview) -> int:
        done = 0
        while done < len(view) and self._poller.poll(0):
            done += posix.write(self.fd, view[done : done + _POLLOUT_BYTES])
        return done


class SocketWriter(Writer):
    """A socket: MSG_DONTWAIT asks for one call what O_NONBLOCK would ask for all."""

    def __init__(self, fd: int) -> None:
        import _socket

        # A duplicate, since a socket object closes its descriptor when it goes.
        super().__init__(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3))
        self._socket = _socket.socket(fileno=self.fd)
        self._flags = _socket.MSG_DONTWAIT | _socket.MSG_NOSIGNAL

    def put(self, view: memoryview) -> int:
        """See `Writer.put`."""
        try:
            return self._socket.send(view[:PIECE_BYTES], self._flags)
        except BlockingIOError:
            return 0


class TerminalWriter(Writer):
    """A terminal, opened once more for ourselves, so that O_NONBLOCK concerns us alone."""

    def __init__(self, fd: int) -> None:
        super().__init__(_reopen(fd))

    def put(self, view: memoryview) -> int:
        """See `Writer.put`."""
        try:
            return posix.write(self.fd, view[:_POLLOUT_BYTES])
        except BlockingIOError:
            return 0


def open_writer(fd: int) -> Writer:
    """Return what writes to *fd* without waiting.

    Raises:
        OSError: *fd* is closed.
    """
    mode = posix.fstat(fd).st_mode
    if _stat.S_ISFIFO(mode):
        return PipeWriter(fd)
    if _stat.S_ISSOCK(mode):
        return SocketWriter(fd)
    if posix.isatty(fd):
        return TerminalWriter(fd)
    return Writer(fd)


def _reopen(fd: int) -> int:
    """Open a terminal anew; where it has no name here, go on with what we were given.

    The latter may wait for as long as the terminal is stopped (Ctrl-S): nothing else is left.
    """
    flags = posix.O_WRONLY | posix.O_NOCTTY | posix.O_NONBLOCK | posix.O_CLOEXEC
    for name in (f"/proc/self/fd/{fd}", ""):
        try:
            return posix.open(name or posix.ttyname(fd), flags)
        except OSError:
            continue
    return fd
