"""PID 1 as a plain init: no agent, no pump, no secrets, no deadlines."""

import posix
import select
from posix import _exit

from ..core import exits
from . import forward, harden, leave, pause, reap, signals
from .game import Game
from .options import Options

_LEFTOVERS_DEADLINE = float("inf")


def run(wanted: Options, environ: dict[str, str], fault: str) -> None:
    """Run the command until it ends, then end as it did; never returns."""
    if not harden.adopt_orphans():
        say("cannot adopt orphans: we are not PID 1, nor a subreaper")
    game = Game(
        wanted.command,
        environ,
        {},
        own_session=wanted.setsid,
        alone=wanted.single_child,
        user=wanted.user if posix.getuid() == 0 else None,
    )
    for line in wanted.notices:
        say(line)
    why = fault or game.start()
    if why:
        say(why)
        _exit(game.fault or 78)
    posix.chdir("/")
    wakeup = signals.open_wakeup()
    while game.is_running:
        turn(game, wakeup, wanted.rewrites)
    leave.clear(wanted.leftovers, wakeup, 0, _LEFTOVERS_DEADLINE)
    _exit(exits.code(game.status or 0))


def turn(
    game: Game, wakeup: int, rewrites: dict[int, int], relays: "Sequence[Relay]" = ()
) -> None:
    """Sleep until signals or output come; pass them on, reap."""
    awaited = dict(each.awaits() for each in relays if each.is_open)
    ready = pause.pause({wakeup: select.POLLIN, **awaited}, pause.NEVER)
    for each in relays:
        each.turn(ready)
    for signum in signals.read_wakeup(wakeup):
        if signum != signals.SIGCHLD:
            forward.forward(game, signum, rewrites)
    for pid, status in reap.reap():
        if pid == game.pid:
            game.exited(status)


def say(text: str) -> None:
    """Write a line where that cannot block: a stalled collector must not hold us."""
    poller = select.poll()
    poller.register(2, select.POLLOUT)
    if poller.poll(0):
        posix.write(2, f"agent[pid1]: {text}\n".encode("utf-8", "replace")[: select.PIPE_BUF])


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .relay import Relay
