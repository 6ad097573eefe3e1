"""Why a command cannot be run, in words that help."""

import errno
import posix
from _stat import S_ISDIR

from . import spawn

CANNOT_EXEC = 126
NOT_FOUND = 127
_HEAD_BYTES = 4096
_EI_DATA, _MACHINE, _PT_INTERP = 5, 18, 3
_ELF_64 = 2
_MACHINES = {3: "i386", 8: "mips", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}


def explain(
    command: list[str], error: OSError | ValueError, environ: dict[str, str]
) -> tuple[int, str]:
    """Return the exit code that shells use, with one line for the operator."""
    word = command[0]
    if not isinstance(error, OSError):  # a NUL in an argument
        return CANNOT_EXEC, f"cannot run {word!r}: {error}; write it without"
    try:
        path = spawn.resolve(word, environ)
    except FileNotFoundError:
        where = environ.get("PATH", "the default PATH")
        return NOT_FOUND, (
            f"cannot run {word!r}: no such command in {where}; "
            "write the path from / on, or check what the image holds"
        )
    code = NOT_FOUND if error.errno == errno.ENOENT else CANNOT_EXEC
    return code, f"cannot run {path!r}: {_why(path, error)}"


def shell_script(command: list[str], error: OSError, environ: dict[str, str]) -> str:
    """Return the path of a text without ``#!``, which shells run by themselves, or nothing."""
    if error.errno != errno.ENOEXEC:
        return ""
    path = spawn.resolve(command[0], environ)
    head = _head(path)
    return path if head.strip() and b"\0" not in head and not head.startswith(b"#!") else ""


def root_hint(command: list[str], uid: int, code: int) -> str:
    """Return a hint where an Unreal server failed as root, which it always does."""
    name = command[0].rpartition("/")[2]
    is_unreal = name.endswith("Server.sh") or "Server-Linux" in name
    if not is_unreal or uid != 0 or code == 0:
        return ""
    return (
        f"{name} looks like an Unreal server, which refuses to run as root; "
        "set AGENT_GAME_USER, or USER in the Dockerfile"
    )


def _why(path: str, error: OSError) -> str:
    number = error.errno
    if number == errno.ENOENT:
        return _why_missing(path)
    if number in (errno.EACCES, errno.EPERM):
        return _why_denied(path)
    if number == errno.ENOEXEC:
        return _why_no_program(path)
    if number == errno.E2BIG:
        return "its arguments, or the variables, are too long for the kernel; shorten them"
    if number == errno.ETXTBSY:
        return "the file is still open for writing; wait until the copy is complete"
    return f"{error.strerror}; check the path"


def _why_missing(path: str) -> str:
    head = _head(path)
    if head.startswith(b"#!"):
        return _why_no_interpreter(head)
    if head.startswith(b"\x7fELF"):
        loader = _loader(head)
        family = "musl (Alpine)" if "musl" in loader else "glibc"
        return (
            f"its loader {loader or '?'} is not in the image; it was built for {family}: "
            "use a base image of that kind"
        )
    folder = path.rpartition("/")[0] or "."
    if not _exists(folder):
        return f"there is no folder {folder}; check the path"
    return f"there is no such file; {_neighbour(path, folder)}"


def _why_no_interpreter(head: bytes) -> str:
    line = head[2:].split(b"\n", 1)[0]
    interpreter = line.split()[0].decode("utf-8", "replace") if line.split() else ""
    if line.endswith(b"\r"):
        return (
            f"its first line ends with a carriage return (#!{interpreter}\\r): "
            "it has Windows line ends; convert it (dos2unix, or sed -i 's/\\r$//')"
        )
    return f"its interpreter {interpreter} is not in the image; install it, or change the #! line"


def _why_denied(path: str) -> str:
    try:
        mode = posix.stat(path).st_mode
    except OSError as error:
        return f"{error.strerror}; a folder above it cannot be searched by uid {posix.getuid()}"
    if S_ISDIR(mode):
        return "it is a folder; name the program in it"
    if not mode & 0o111:
        return "it is not executable; chmod +x it in the Dockerfile"
    head = _head(path)
    if head.startswith(b"#!") and posix.access(path, posix.X_OK):
        return f"its interpreter may not be executed; check {head[2:].split()[0].decode()}"
    return (
        f"uid {posix.getuid()} may not execute it; chmod a+rx it, "
        "or check for a noexec mount or a security profile"
    )


def _why_no_program(path: str) -> str:
    head = _head(path)
    if not head:
        return "the file is empty; was the build's copy complete?"
    if head.startswith(b"\x7fELF"):
        built = _MACHINES.get(_number(head, _MACHINE, 2), "another machine")
        here = posix.uname().machine
        if built != here:
            return f"it is built for {built}, this machine is {here}; build it for {here}"
        return "it is damaged; was the build's copy complete?"
    if head.startswith(b"MZ"):
        return "it is a Windows program; build it for Linux, or run it under wine"
    return "it is no program that Linux knows; check what the build produced"


def _loader(head: bytes) -> str:
    """Return the path in an ELF file's PT_INTERP (elf(5)), or nothing."""
    wide = head[4] == _ELF_64
    start = _number(head, 32 if wide else 28, 8 if wide else 4)
    size = _number(head, 54 if wide else 42, 2)
    for index in range(_number(head, 56 if wide else 44, 2)):
        at = start + index * size
        if _number(head, at, 4) == _PT_INTERP:
            offset = _number(head, at + (8 if wide else 4), 8 if wide else 4)
            return head[offset:].split(b"\0", 1)[0].decode("utf-8", "replace")
    return ""


def _number(head: bytes, at: int, size: int) -> int:
    order = "big" if head[_EI_DATA] == 2 else "little"  # noqa: PLR2004 - ELFDATA2MSB
    return int.from_bytes(head[at : at + size], order)  # type: ignore[arg-type]


def _head(path: str) -> bytes:
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return posix.read(fd, _HEAD_BYTES)
    except OSError:
        return b""
    finally:
        posix.close(fd)


def _neighbour(path: str, folder: str) -> str:
    """Return a name that differs in its case alone: the commonest slip of a Windows build."""
    name = path.rpartition("/")[2]
    try:
        names = posix.listdir(folder)
    except OSError:
        names = []
    for other in names:
        if other.lower() == name.lower():
            return f"but {other} is there: mind the case"
    return "check the path, and what the image holds"


def _exists(path: str) -> bool:
    try:
        posix.stat(path)
    except OSError:
        return False
    return True
