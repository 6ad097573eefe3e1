"""The container's variables, parted into what everybody may see from what nobody may."""

import posix

PATTERNS = ("ARBITRIUM_DELETE_*", "ARBITRIUM_CONTEXT_*", "NAKAMA_*_URL", "AGENT_LOG_SINK*",
             "AGENT_LOG_AWS_*", "AGENT_LOG_GOOGLE_*", "AGENT_LOG_AZURE_*",
             "AGENT_RCON_PASSWORD")  # fmt: skip
_ENV_START, _ENV_END = 50, 51  # fields of /proc/self/stat, counted from 1 (proc_pid_stat(5))
_BLOCK_MAX = 32 << 20


def read_block() -> bytes:
    """Return the environment exactly as it was injected.

    Python has already added to its own copy: in the C locale it sets LC_CTYPE (PEP 538),
    which a game must not see. Without /proc that copy has to do.
    """
    try:
        return _read_all("/proc/self/environ")
    except OSError:
        return b"".join(b"%s=%s\0" % pair for pair in posix.environ.items())


def parse(block: bytes) -> dict[str, str]:
    """Return the variables of an environment block; the first of two of a name holds."""
    found: dict[str, str] = {}
    for entry in block.split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if equals and name:
            found.setdefault(_text(name), _text(value))
    return found


def is_secret(name: str, more: tuple[str, ...] = ()) -> bool:
    """Return whether a variable of this name is kept from the game; *more* are patterns."""
    return any(matches(pattern, name) for pattern in (*PATTERNS, *more))


def part(environ: dict[str, str], more: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """Return (what everybody may see, the secrets)."""
    open_ones: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for name, value in environ.items():
        (secrets if is_secret(name, more) else open_ones)[name] = value
    return open_ones, secrets


def matches(pattern: str, name: str) -> bool:
    """Return whether a shell pattern of ``*``, ``?`` and plain characters fits the whole name."""
    at = here = 0
    star, resume = -1, 0
    while here < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, resume, at = at, here, at + 1
        elif at < len(pattern) and pattern[at] in ("?", name[here]):
            at, here = at + 1, here + 1
        elif star >= 0:  # let the last star take one character more
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


def blank(block: bytes, more: tuple[str, ...]) -> bool:
    """Overwrite the secrets' values in our own memory, where /proc/self/environ shows them.

    It works unprivileged, but only while we are dumpable. Returns False where it cannot be
    done (a sandbox without /proc/self/mem).
    """
    for name in [name for name in posix.environ if is_secret(_text(name), more)]:
        del posix.environ[name]
    holes = _holes(block, more)
    if not holes:
        return True
    try:
        stat = _read_all("/proc/self/stat").rpartition(b")")[2].split()
        start, end = int(stat[_ENV_START - 3]), int(stat[_ENV_END - 3])
        memory = posix.open("/proc/self/mem", posix.O_RDWR | posix.O_CLOEXEC)
    except (OSError, ValueError, IndexError):
        return False
    try:
        if posix.pread(memory, end - start, start) != block:
            return False
        for offset, length in holes:
            posix.pwrite(memory, bytes(length), start + offset)
    except OSError:
        return False
    finally:
        posix.close(memory)
    return True


def _holes(block: bytes, more: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return (offset, length) of each secret value in the block."""
    holes = []
    offset = 0
    for entry in block.split(b"\0"):
        name, _, value = entry.partition(b"=")
        if value and is_secret(_text(name), more):
            holes.append((offset + len(name) + 1, len(value)))
        offset += len(entry) + 1
    return holes


def _read_all(path: str) -> bytes:
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        whole = b""
        while piece := posix.read(fd, 1 << 16):
            whole += piece
            if len(whole) > _BLOCK_MAX:
                break
        return whole
    finally:
        posix.close(fd)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
