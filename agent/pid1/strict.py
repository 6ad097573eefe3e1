"""Judging every setting before the game starts, where AGENT_STRICT asks for it."""

import posix
import sys

from . import spawn, wire

_REFUSED = 78  # what agent.configure --check leaves with


def refusal(root: str, environ: dict[str, str]) -> str:
    """Return why the game is not started, or nothing.

    The judge says on stderr which settings are at fault. If it cannot judge, the game starts:
    a fault of ours is none of the operator's.
    """
    argv = wire.command(sys.executable, root, "agent.configure", "--check")
    try:
        pid = spawn.spawn(argv, environ, {}, own_session=False)
    except OSError:
        return ""
    _, status = posix.waitpid(pid, 0)
    if status >> 8 != _REFUSED:
        return ""
    return "cannot start a game: AGENT_STRICT=1 refuses the settings that are named above"
