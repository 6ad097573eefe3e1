"""The one place where exit statuses are collected."""

import posix


def reap() -> list[tuple[int, int]]:
    """Return (pid, raw wait status) of every child that has ended, ours or adopted.

    SIGCHLD coalesces, so one signal may stand for any number of children. A second caller
    of ``waitpid(-1)`` anywhere in this process would steal statuses.
    """
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = posix.waitpid(-1, posix.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))
