"""A terminal that PID 1 was given, on loan to the game."""

import fcntl
import posix

from . import signals

_TIOCSCTTY = 0x540E


def is_there() -> bool:
    """Return whether the game shall have a terminal: one is on stdin or on stdout."""
    return posix.isatty(0) or posix.isatty(1)


def lend(pid: int) -> None:
    """Make the child's process group the terminal's foreground, so that Ctrl-C reaches it alone.

    We do it from the background, where SIGTTOU stays blocked or caught. A child that read
    before its group was in front was stopped: SIGCONT.
    """
    fd = 0 if posix.isatty(0) else 1
    try:
        if posix.getsid(0) == posix.getpid():
            fcntl.ioctl(fd, _TIOCSCTTY, 0)  # a session leader may not have claimed it yet
    except OSError:
        pass
    try:
        posix.tcsetpgrp(fd, pid)
        posix.killpg(pid, signals.SIGCONT)
    except OSError:  # ENOTTY: it is not our controlling terminal; ESRCH: the child is gone
        pass


def suspend_ourselves() -> None:
    """Stop as a shell expects it of a job; the kernel spares PID 1 of a namespace."""
    posix.kill(posix.getpid(), signals.SIGSTOP)
