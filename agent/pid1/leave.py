"""The last steps: nobody is left behind, the last lines are out."""

import posix
import select
from posix import _exit

from . import boottime, pause, processes, reap, signals

_STRAYS_SECONDS = 2.0
_DRAIN_SECONDS = 2.0  # without a byte taken: the reader is not slow, it is gone
_LAST_WORD_SECONDS = 0.1
_GONE_SECONDS = 0.5  # what SIGKILL takes to be seen


def clear(how: str, wakeup: int, agent_pid: int, deadline: float) -> None:
    """End what outlives the game.

    Args:
        how: none, term (ask, don't wait) or kill (ask, wait, then kill).
        wakeup: the descriptor that tells of signals.
        agent_pid: spared, with all that is below it.
        deadline: boot-time seconds after which nobody is waited for.
    """
    ours = posix.getpid()
    reap.reap()
    strays = processes.descendants(ours, agent_pid)
    if how == "none" or not strays:
        return
    processes.send_each(strays, signals.SIGTERM)
    # A stopped process takes its SIGTERM only when it runs.
    processes.send_each(strays, signals.SIGCONT)
    if how == "term":
        return
    until = min(boottime.now() + _STRAYS_SECONDS, deadline)
    if _await_gone(ours, agent_pid, wakeup, until):
        return
    processes.kill_below(ours, agent_pid)
    _await_gone(ours, agent_pid, wakeup, boottime.now() + _GONE_SECONDS)


def leave(made: "Setup", code: int, deadline: float) -> None:
    """Let the pump finish, tidy up, end; never returns."""
    made.close_streams()
    left = _flush(made.pump, deadline)
    if left:
        made.say(f"left {left} bytes of the output behind: who reads it did not take them")
        made.pump.drain(boottime.now() + _LAST_WORD_SECONDS)
    if not made.has_sink:
        made.spool.discard()
    made.close_doors()
    _exit(code)


def _flush(pump: "Pump", deadline: float) -> int:
    """Read the pipes out, write on as long as the reader takes something; return what is left."""
    while True:
        written = _count(pump, "_out_bytes")
        pump.drain(min(boottime.now() + _DRAIN_SECONDS, deadline))
        left = _count(pump, "_in_bytes") - _count(pump, "_skipped_bytes")
        left -= _count(pump, "_out_bytes")
        stalled = _count(pump, "_out_bytes") == written
        if left <= 0 or stalled or boottime.now() >= deadline:
            return max(0, left)


def _count(pump: "Pump", kind: str) -> int:
    return sum(count for name, count in pump.counters().items() if name.endswith(kind))


def _await_gone(ours: int, agent_pid: int, wakeup: int, until: float) -> bool:
    """Return whether all are gone by then; each death wakes us by SIGCHLD."""
    while processes.descendants(ours, agent_pid):
        if boottime.now() >= until:
            return False
        pause.pause({wakeup: select.POLLIN}, until)
        signals.read_wakeup(wakeup)
        reap.reap()
    return True


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from .pump import Pump
    from .setup import Setup
