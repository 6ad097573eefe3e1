"""The wall around one container: its main process is PID 1 of a namespace where that is allowed.

Run as a program of its own by ``container.py``, with the standard library alone::

    python3 -I box.py CONTROL_FD namespace|plain UID|- COMMAND…

Where namespaces are not allowed, the box is the subreaper of the process tree. Either way nothing
outlives the main process, as in a container. On CONTROL_FD (SOCK_SEQPACKET) the platform sends
signal numbers; the box says ``started PID AT``, ``failed WHY``, ``exited STATUS AT``, with raw
wait statuses at boot-time seconds. If the platform is gone, so is the container.
"""

import contextlib
import ctypes
import errno
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

_CLONE_NEWNS, _CLONE_NEWPID = 0x0002_0000, 0x2000_0000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_FORBIDDEN = (errno.EPERM, errno.ENOSYS, errno.EINVAL, errno.ENOSPC)

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: Sequence[str]) -> int:
    """Run the command, serve the control socket, leave nothing behind."""
    with socket.socket(fileno=int(arguments[0])) as control:
        control.set_inheritable(False)
        isolated = arguments[1] == "namespace" and _isolate()
        if not isolated:
            _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "become the subreaper")
        uid = None if arguments[2] == "-" else int(arguments[2])
        pid, why = _launch(arguments[3:], uid=uid, isolated=isolated)
        if why:
            control.send(f"failed {why}".encode())
            return 1
        control.send(f"started {pid} {_now():.6f}".encode())
        status = _watch(control, pid)
        at = _now()
        if not isolated:  # else the kernel has ended them with their PID 1
            _sweep()
        _unless_gone(lambda: control.send(f"exited {status} {at:.6f}".encode()))
    return 0


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot {what}: {os.strerror(number)}")


def _unless_gone(send: Callable[[], object]) -> None:
    # The other side may have left first: then there is nobody to tell.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ProcessLookupError):
        send()


def _isolate() -> bool:
    """Make our next child PID 1 of a new namespace; return whether the kernel lets us."""
    if _libc.unshare(_CLONE_NEWPID | _CLONE_NEWNS) == 0:
        # Our new /proc must not show up in the mount namespace that we come from.
        _check(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "make / private")
        return True
    number = ctypes.get_errno()
    if number in _FORBIDDEN:
        return False
    raise OSError(number, os.strerror(number))


def _launch(command: Sequence[str], *, uid: int | None, isolated: bool) -> tuple[int, str]:
    """Start the main process; return its PID as seen from here, or why there is none."""
    trouble, report = os.pipe()  # closed by a successful exec, so silence is success
    pid = os.fork()
    if pid == 0:
        _become(command, uid, isolated, report)
    os.close(report)
    with os.fdopen(trouble, encoding="utf-8") as reader:
        why = reader.read()
    if why:
        os.waitpid(pid, 0)
    return pid, why


def _become(command: Sequence[str], uid: int | None, isolated: bool, report: int) -> NoReturn:  # noqa: FBT001 - a child has no keywords to spare
    try:
        if isolated:
            flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
            _check(_libc.mount(b"proc", b"/proc", b"proc", flags, None), "mount /proc")
        os.setsid()
        # Python ignores SIGPIPE; an ignored signal would pass through exec to the container.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if uid is not None:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        # After setuid, which clears it: a killed box takes its container along.
        _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "tie it to the box")
        os.execvp(command[0], list(command))  # noqa: S606 - a shell would be PID 1 instead
    except OSError as error:
        os.write(report, f"cannot start {command[0]}: {error.strerror}".encode())
    finally:
        os._exit(127)


def _watch(control: socket.socket, pid: int) -> int:
    """Pass signals on until the main process is gone; return its raw wait status."""
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(control, select.POLLIN)
    while True:
        ready = [fd for fd, _ in poll.poll()]
        if pidfd in ready:
            os.close(pidfd)
            return os.waitpid(pid, 0)[1]
        order = control.recv(16)
        if not order:  # the platform is gone
            poll.unregister(control)
        signum = int(order) if order else signal.SIGKILL
        _unless_gone(lambda: signal.pidfd_send_signal(pidfd, signum))  # noqa: B023 - called at once


def _sweep() -> None:
    """End whoever the main process left behind."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        # A killed child's own children become ours, so look again after each round.
        left = [int(pid) for pid in children.read_text(encoding="ascii").split()]
        if not left:
            return
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for pid in left:
            os.waitpid(pid, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
