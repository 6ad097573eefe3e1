"""Where a spool may live, with how much of that place it may fill."""

import errno
import fcntl
import posix
import time

_MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs", "devtmpfs")
_MEMORY_BYTES = 16 << 20
_MEMORY_SHARE = 0.03
_FLOOR_BYTES = 256 << 10  # below this a spool is not worth its segments


def make_folder(wanted: str) -> tuple[str, list[str]]:
    """Make a folder of our own, mode 0700, in the first place that takes one.

    Args:
        wanted: the place that the operator asked for (``AGENT_SPOOL_DIR``), or an empty string.

    Returns:
        Its path (empty: no place is writable), with a line for the operator on each refusal of
        the wanted place.
    """
    notices = []
    environ = posix.environ
    temporary = environ.get(b"TMPDIR", b"").decode("utf-8", "surrogateescape")
    name = f"arbitrium-agent-{time.clock_gettime_ns(time.CLOCK_BOOTTIME):x}-{posix.getpid()}"
    # /dev/shm is memory, but there in every container, also in one whose root is read-only; what
    # lies in a folder can be shipped by the agent.
    for place in (wanted, "/var/tmp", temporary, "/tmp", "/dev/shm"):  # noqa: S108 - own 0700 folder inside
        if not place:
            continue
        try:
            if place == wanted:
                _make_parents(place)
            # mkdir follows no symbolic link at its last part, so nobody can lead us elsewhere.
            posix.mkdir(f"{place}/{name}", 0o700)
        except OSError as error:
            if place == wanted:
                notices.append(
                    f"cannot keep the spool in {place}: {error.strerror}; "
                    "set AGENT_SPOOL_DIR to a folder that we may write to"
                )
            continue
        return f"{place}/{name}", notices
    return "", notices


def hold(folder: str) -> None:
    """Lock our folder for as long as we live, so that nobody takes it for a leftover."""
    try:
        # The descriptor is never closed: the lock ends with us.
        fcntl.flock(posix.open(folder, posix.O_RDONLY | posix.O_CLOEXEC), fcntl.LOCK_EX)
    except OSError:
        pass  # no folder, or a file system without locks


def _make_parents(place: str) -> None:
    made = ""
    for part in place.split("/"):
        made += part + "/"
        try:
            posix.mkdir(made, 0o755)
        except OSError as error:
            # EROFS and EACCES also come for folders that exist: the last mkdir tells the truth.
            if error.errno not in {errno.EEXIST, errno.EROFS, errno.EACCES, errno.EPERM}:
                raise


def bound(folder: str, limit_bytes: int) -> int:
    """Return how many bytes may lie in *folder*: the limit, or less where less is right.

    A place that is memory counts against the container's memory, where the game needs it
    (tried: 64 MiB of it in a 96 MiB cgroup got the game killed). A disk is shared: no more than
    half of what is free.

    Args:
        folder: an existing folder; empty for memory of our own.
        limit_bytes: what the operator allows.
    """
    if not folder or is_memory(folder):
        return max(_FLOOR_BYTES, min(limit_bytes, memory_bound()))
    try:
        disk = posix.statvfs(folder)
    except OSError:
        return limit_bytes
    return max(_FLOOR_BYTES, min(limit_bytes, disk.f_bavail * disk.f_frsize // 2))


def memory_bound() -> int:
    """Return how many bytes we may keep in memory: 3 % of the container's, at most 16 MiB."""
    return max(_FLOOR_BYTES, min(_MEMORY_BYTES, int(memory_limit() * _MEMORY_SHARE)))


def may_hang(folder: str) -> bool:
    """Say whether *folder* is worth a guard, which costs 15 us a write: a mounted volume is.

    Memory does not hang; the container's own disk does so with the game, whose files lie there.
    """
    try:
        is_own = posix.stat(folder).st_dev == posix.stat("/").st_dev
    except OSError:
        return False
    return not is_own and not is_memory(folder)


def is_memory(folder: str) -> bool:
    """Say whether what is written to *folder* lies in memory (tmpfs in its several names)."""
    try:
        device = posix.stat(folder).st_dev
    except OSError:
        return False
    wanted = f"{posix.major(device)}:{posix.minor(device)}"
    for line in _read("/proc/self/mountinfo").splitlines():
        # 36 35 98:0 /root /mount/point rw,noatime shared:1 - tmpfs source options (proc(5))
        before, _, after = line.partition(" - ")
        if before.split(" ")[2:3] == [wanted]:
            return after.split(" ")[0] in _MEMORY_FILE_SYSTEMS
    return False  # overlayfs and btrfs show another device number than their mount


def memory_limit() -> int:
    """Return the container's memory limit in bytes, or the machine's memory without one."""
    limits = [posix.sysconf("SC_PAGE_SIZE") * posix.sysconf("SC_PHYS_PAGES")]
    own = "/"
    for line in _read("/proc/self/cgroup").splitlines():
        if line.startswith("0::"):
            own = line[3:]
    for path in (
        f"/sys/fs/cgroup{own}/memory.max",
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ):
        text = _read(path).strip()
        if text.isdecimal():  # "max" is none
            limits.append(int(text))
    return min(limits)


def _read(path: str) -> str:
    """Return a small file of the kernel's, or nothing where it is not there."""
    pieces = []
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return ""
    try:
        while piece := posix.read(fd, 65536):
            pieces.append(piece)
    except OSError:
        return ""
    finally:
        posix.close(fd)
    return b"".join(pieces).decode("utf-8", "replace")
