"""PID 1 when the agent, the pump or the supervision cannot be had: the game goes on without."""

import fcntl
import posix
from errno import EAGAIN, EFBIG, EMFILE
from posix import _exit

from ..core import exits
from . import boottime, leave, pause, plain, secrets, signals
from .relay import Relay

_DRAIN_SECONDS = 2.0
_MOST_DESCRIPTORS = 256  # more than PID 1 ever opens
_LIMITS = {EFBIG: "ulimit -f", EMFILE: "ulimit -n", EAGAIN: "ulimit -u"}
_NO_THREAD = "can't start new thread"  # how the interpreter says EAGAIN


def words(number: int | None, what: str) -> str:
    """Return a line on what went wrong, with the limit to raise where it was one.

    Args:
        number: the kernel's errno, None where it was no error of the kernel.
        what: the error's own words.
    """
    limit = _LIMITS.get(EAGAIN if what == _NO_THREAD else number or 0)
    fix = f"; raise {limit}" if limit else ""
    return f"cannot run the agent: {what}{fix}. The game runs under a plain init: no self-stop"


def go_on(
    made: "Setup | None", wanted: "Options", environ: dict[str, str], fault: str, line: str
) -> None:
    """Keep the game that runs, or start it as a plain init does; never returns.

    Args:
        made: what was made before it failed, None where not even that was whole.
        wanted: PID 1's settings.
        environ: all variables; the game still gets none of the secrets.
        fault: why no game may be started.
        line: what to tell the operator.
    """
    if made is None or not made.game.pid:
        _close_ours(set())
        wanted.notices.append(line)
        plain.run(wanted, secrets.part(environ, wanted.secret_names)[0], fault)
    else:
        _look_after(made, wanted, line)


def _look_after(made: "Setup", wanted: "Options", line: str) -> None:
    made.close_streams()  # the game has its own; ours are descriptors that we may lack
    relays = []
    if not made.is_pumping:
        relays = [Relay(reader, fd) for _, reader, fd in made.streams]
        _close_ours({made.stdin, *(reader for _, reader, _ in made.streams)})
    plain.say(line)  # past the pump, which may be as badly off
    wakeup = signals.open_wakeup()
    fed = [Relay(0, made.stdin)] if made.stdin >= 0 else []
    while made.game.is_running:
        plain.turn(made.game, wakeup, wanted.rewrites, relays + fed)
    leave.clear(wanted.leftovers, wakeup, 0, boottime.now() + _DRAIN_SECONDS)
    code, until = exits.code(made.game.status or 0), boottime.now() + _DRAIN_SECONDS
    if made.is_pumping:
        leave.leave(made, code, until)
    while (left := [each for each in relays if each.is_open]) and boottime.now() < until:
        ready = pause.pause(dict(each.awaits() for each in left), until)
        for each in left:
            each.turn(ready)
    _exit(code)


def _close_ours(kept: set[int]) -> None:
    """Close what a failed start has left open: all that no child inherits is ours."""
    for fd in set(range(3, _MOST_DESCRIPTORS)) - kept:
        try:
            if fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                posix.close(fd)
        except OSError:  # it is not open
            pass


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from .options import Options
    from .setup import Setup
