"""Signals as PID 1 sees them: by name, always blocked, taken one by one, rewritten."""

import _signal  # type: ignore[import-not-found]  # `signal` would cost `enum` before the spawn
import _thread
import posix

ALL: frozenset[int] = frozenset(_signal.valid_signals())
BLOCKABLE = ALL - {_signal.SIGKILL, _signal.SIGSTOP}
SIGCHLD, SIGCONT, SIGHUP, SIGINT = 17, 18, 1, 2
SIGKILL, SIGSTOP, SIGTERM = 9, 19, 15
JOB_CONTROL = frozenset({_signal.SIGTSTP, _signal.SIGTTIN, _signal.SIGTTOU})


def block() -> None:
    """Keep every signal pending until it is taken; children must unblock them.

    The kernel still ends us for a real fault of ours, blocked or not.
    """
    _signal.pthread_sigmask(_signal.SIG_SETMASK, BLOCKABLE)
    # Where our parent ignored it, the kernel would reap by itself and keep the statuses.
    _signal.signal(SIGCHLD, _signal.SIG_DFL)


_readers: list[int] = []


def open_wakeup() -> int:
    """Begin to take signals; return the descriptor that reads their numbers, a byte each.

    A thread waits for them. Handlers run in the reverse order where several are pending, as
    the kernel stacks their frames; sigwait(3) takes the lowest number first. Still, handlers
    do it where no thread can be had (``ulimit -u``).
    """
    if _readers:  # a second thread would take every other signal
        return _readers[0]
    reader, writer = posix.pipe2(posix.O_CLOEXEC)
    _readers.append(reader)
    posix.set_blocking(reader, False)
    try:
        _thread.start_new_thread(_take, (writer,))
    except RuntimeError:
        _handle(writer)
    return reader


def read_wakeup(reader: int) -> bytes:
    """Return the numbers that have come since the last look, one a byte."""
    try:
        return posix.read(reader, 4096)
    except BlockingIOError:
        return b""


def reset() -> None:
    """Give a forked child the world's defaults back, as ``posix_spawn`` does by itself."""
    for signum in BLOCKABLE:
        _signal.signal(signum, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def number(word: str) -> int:
    """Return the signal of ``TERM``, ``SIGTERM``, ``sigterm`` or ``15``.

    Raises:
        ValueError: there is no such signal.
    """
    text = word.strip().upper()
    if text.isdecimal() and int(text) in ALL:
        return int(text)
    name = text if text.startswith("SIG") else "SIG" + text
    value = getattr(_signal, name, None) if name.isalnum() else None
    if type(value) is int and value in ALL:
        return value
    raise ValueError(f"{word!r} is not a signal; write TERM, SIGTERM or 15")


def rewrite(word: str) -> tuple[int, int]:
    """Return the pair of ``FROM:TO``; a TO of 0 drops the signal.

    Raises:
        ValueError: it is not such a pair.
    """
    old, colon, new = word.partition(":")
    if not colon:
        raise ValueError(f"{word!r} is not FROM:TO; write TERM:INT, or TERM:0 to drop it")
    return number(old), 0 if new.strip() == "0" else number(new)


def _handle(writer: int) -> None:
    """Let the interpreter's own handler write the numbers."""
    posix.set_blocking(writer, False)
    _signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for signum in BLOCKABLE - {_signal.SIGPIPE, _signal.SIGXFSZ}:  # Python ignores these two
        try:
            _signal.signal(signum, _nothing)
        except OSError:
            pass  # the C library keeps 32 and 33 to itself
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def _nothing(_: int, __: object) -> None:
    """Exist: a signal without a handler has no number to write."""


def _take(writer: int) -> None:
    while True:
        posix.write(writer, bytes((_signal.sigwait(BLOCKABLE),)))
