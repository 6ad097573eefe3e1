"""Judging every setting before the game starts, where AGENT_STRICT asks for it."""

import posix
import sys

from . import spawn, wire

_REFUSED = 78  # what agent.configure --check leaves with

assert sys.platform == "linux"  # noqa: S101 - for mypy: posix has memfd_create only there


def refusal(root: str, environ: dict[str, str], secrets: dict[str, str]) -> str:
    """Return why the game is not started, or nothing.

    The judge says on stderr which settings are at fault. If it cannot judge, the game starts:
    a fault of ours is none of the operator's.

    Args:
        root: where our package lies.
        environ: the judge's variables.
        secrets: what is judged, too, the log sinks: they go as a memory file in the place of
            stdin, since a process's environment can be read in /proc.
    """
    argv = wire.command(sys.executable, root, "agent.configure", "--check")
    try:
        pid = _spawn(argv, environ, secrets)
    except OSError:
        return ""
    _, status = posix.waitpid(pid, 0)
    if status >> 8 != _REFUSED:
        return ""
    return "cannot start a game: AGENT_STRICT=1 refuses the settings that are named above"


def _spawn(argv: list[str], environ: dict[str, str], secrets: dict[str, str]) -> int:
    judged = posix.memfd_create("secrets", posix.MFD_CLOEXEC)
    try:
        for name, value in secrets.items():
            posix.write(judged, f"{name}={value}\0".encode("utf-8", "surrogateescape"))
        posix.lseek(judged, 0, 0)
        return spawn.spawn(argv, environ, {0: judged}, own_session=False)
    finally:
        posix.close(judged)
