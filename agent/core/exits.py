"""What a raw wait status says about how a process ended.

PID 1 imports this: no imports at the top.
"""

_SIGNAL_BITS = 0x7F
_CORE_BIT = 0x80
KILLED = 137  # what a shell calls the end by SIGKILL
NOT_STARTED = 127 << 8  # raw wait status, as of a shell that cannot start a command
_ASKED = (1, 2, 15)  # SIGHUP, SIGINT, SIGTERM: somebody wanted the end


def signal_of(status: int) -> int:
    """Return the signal that killed the process, 0 if it exited by itself."""
    return status & _SIGNAL_BITS


def code(status: int) -> int:
    """Return what a shell calls it: the exit status, or 128 + the signal."""
    signum = signal_of(status)
    return 128 + signum if signum else status >> 8 & 0xFF


def words(status: int) -> str:
    """Return ``exit status 7``, ``killed by SIGTERM`` or ``killed by SIGSEGV (core dumped)``."""
    signum = signal_of(status)
    if not signum:
        return f"exit status {code(status)}"
    core = " (core dumped)" if status & _CORE_BIT else ""
    return f"killed by {_name(signum)}{core}"


def is_crash(status: int) -> bool:
    """Return whether the process failed: not status 0, not a signal that asks for the end.

    A shell around the game reports such a signal as 128 + n. SIGKILL is a crash: the
    kernel sends it when memory runs out.
    """
    return code(status) not in (0, *(128 + signum for signum in _ASKED))


def _name(signum: int) -> str:
    import signal  # it brings `enum`, which PID 1 does not want before the game runs

    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"  # a real-time signal between SIGRTMIN and SIGRTMAX
