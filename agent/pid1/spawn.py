"""New processes: with the world's default signals, with the descriptors they shall have."""

import fcntl
import posix
from _stat import S_ISREG
from posix import _exit

from . import signals

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def resolve(name: str, environ: dict[str, str]) -> str:
    """Return the file that a command word means, as a shell finds it in PATH.

    Raises:
        FileNotFoundError: no folder of PATH has such a file.
    """
    if "/" in name:
        return name
    found = ""
    for folder in environ.get("PATH", _DEFAULT_PATH).split(":"):
        path = f"{folder or '.'}/{name}"
        if _is_file(path):
            if posix.access(path, posix.X_OK):
                return path
            found = found or path
    if not found or not name:
        raise FileNotFoundError(2, "No such file or directory", name)
    return found


def spawn(
    argv: list[str],
    environ: dict[str, str],
    fds: dict[int, int],
    *,
    own_session: bool,
    user: "User | None" = None,
) -> int:
    """Start a program in a process group of its own; return its pid.

    Args:
        argv: the command; its first word may be a name that PATH resolves.
        environ: the whole environment of the child.
        fds: descriptor number in the child → our descriptor; 0 to 2 are inherited
            where they are not named, all else closes by O_CLOEXEC.
        own_session: a session of its own, so that it has no controlling terminal.
        user: whom to become first; only root can.

    Raises:
        OSError: exec failed, with the kernel's errno.
    """
    path = resolve(argv[0], environ)
    above = max(fds, default=2) + 1
    sources = {target: _lifted(fd, above) for target, fd in fds.items()}
    try:
        if user is not None:
            return _fork(path, argv, environ, sources, own_session, user)
        actions = [(posix.POSIX_SPAWN_DUP2, fd, target) for target, fd in sources.items()]
        # A negative group would be an argument out of range: it must be left out, not neutral.
        group = {} if own_session else {"setpgroup": 0}
        return posix.posix_spawn(
            path,
            argv,
            environ,
            file_actions=actions,
            setsid=own_session,
            setsigmask=(),
            setsigdef=signals.BLOCKABLE,
            **group,  # type: ignore[arg-type]  # typeshed reads the dict as any argument
        )
    finally:
        for fd in sources.values():
            posix.close(fd)


def _fork(
    path: str,
    argv: list[str],
    environ: dict[str, str],
    sources: dict[int, int],
    own_session: bool,  # noqa: FBT001 - private, and passed on as it came
    user: "User",
) -> int:
    """Do the same by fork, as posix_spawn cannot change the user; the pipe tells of a failure."""
    told, tell = posix.pipe2(posix.O_CLOEXEC)
    pid = posix.fork()
    if pid == 0:
        try:
            signals.reset()
            posix.setsid() if own_session else posix.setpgid(0, 0)
            for target, fd in sources.items():
                posix.dup2(fd, target)
            posix.setgroups(user.groups)
            posix.setresgid(user.gid, user.gid, user.gid)
            posix.setresuid(user.uid, user.uid, user.uid)
            posix.execve(path, argv, environ)
        except OSError as error:
            posix.write(tell, b"%d" % (error.errno or 0))
        finally:
            _exit(127)
    posix.close(tell)
    try:
        failure = posix.read(told, 16)
    finally:
        posix.close(told)
    if not failure:
        return pid
    posix.waitpid(pid, 0)
    raise OSError(int(failure), posix.strerror(int(failure)), path)


def _lifted(fd: int, above: int) -> int:
    """Return a copy that no target number overwrites while the others are put in place."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above)


def _is_file(path: str) -> bool:
    try:
        return S_ISREG(posix.stat(path).st_mode)
    except (OSError, ValueError):
        return False


TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from .identity import User
