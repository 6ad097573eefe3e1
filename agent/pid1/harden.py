"""What PID 1 asks of the kernel for itself: to adopt orphans, to be unreadable."""

import posix

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_AGENT_SCORE = 1000  # the agent is the first to go when memory runs out
_GAME_RAISE = 100
_GAME_SCORE_MAX = 999


def adopt_orphans() -> bool:
    """Become the parent of every orphan below us; PID 1 of a namespace is that anyway."""
    return posix.getpid() == 1 or _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def hide() -> bool:
    """Close our memory, environment and descriptors to others of the same uid.

    Own files of ``/proc/self`` belong to root afterwards: open what is needed before.
    """
    return _prctl(_PR_SET_DUMPABLE, 0)


def inherited_score() -> int:
    """Return our own ``oom_score_adj``, 0 where there is none."""
    try:
        return int(_read("/proc/self/oom_score_adj"))
    except (OSError, ValueError):
        return 0


def rank_game(pid: int, inherited: int) -> None:
    """Let the kernel prefer the game to PID 1 when memory runs out.

    Raising needs no privilege, and what the game forks inherits it.
    """
    _write_score(pid, min(inherited + _GAME_RAISE, _GAME_SCORE_MAX))


def rank_agent(pid: int) -> None:
    """Let the kernel take the agent first; it must still be dumpable, so right after the spawn."""
    _write_score(pid, _AGENT_SCORE)


def _write_score(pid: int, score: int) -> None:
    try:
        fd = posix.open(f"/proc/{pid}/oom_score_adj", posix.O_WRONLY | posix.O_CLOEXEC)
    except OSError:  # no /proc, or it has ended already
        return
    try:
        posix.write(fd, b"%d" % score)
    except OSError:  # a sandbox without it
        pass
    finally:
        posix.close(fd)


def _read(path: str) -> bytes:
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(fd, 64)
    finally:
        posix.close(fd)


def _prctl(option: int, value: int) -> bool:
    """Call prctl(2) without the ctypes package: 1 ms instead of 5 before the game runs."""
    try:
        import _ctypes

        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None = this process
        function = _ctypes.dlsym(library, "prctl")
        return bool(_ctypes.call_function(function, (option, value, 0, 0, 0)) == 0)
    except (ImportError, AttributeError, OSError):
        pass
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, AttributeError, OSError):  # a Python built without libffi
        return False
