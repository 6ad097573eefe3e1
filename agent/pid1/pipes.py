"""Pipes that hold what the game writes while the pump does something else."""

import fcntl
import posix

_PIPE_BYTES = 1 << 20


def open_pipe() -> tuple[int, int]:
    """Return a pipe's two ends, of 1 MiB where allowed.

    Beyond the user's limit for all pipes (16,384 pages) the kernel refuses, and the usual
    64 KiB have to do.
    """
    reader, writer = posix.pipe2(posix.O_CLOEXEC)
    try:
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except OSError:
        pass
    return reader, writer
