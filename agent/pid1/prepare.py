"""Templates in the game's command, variables and files, filled from what was injected.

It is loaded only where one of them holds a template.
"""

import posix

from ..errors import SettingsError
from . import injected

_OPEN, _CLOSE, _LITERAL = "{{", "}}", "{{{{"
_ROOTS = ("ports", "location", "match", "args", "host", "public_ip", "fqdn", "request_id", "tags")
_NOT_TEMPLATES = ("ARBITRIUM_", "MM_", "AGENT_")  # what players sent may stand in them
_MOST_BYTES = 1 << 20  # of a file
_MOST_SHOWN = 40


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Return the files of ``source:target,source:target``.

    Raises:
        ValueError: an entry is none.
    """
    found = []
    for entry in (part.strip() for part in text.split(",")):
        source, colon, target = entry.partition(":")
        if entry and not (source and colon and target):
            raise ValueError(f"{entry!r} is not a pair; write source:target,source:target")
        if entry:
            found.append((source, target))
    return tuple(found)


def fill(
    command: list[str],
    environ: dict[str, str],
    files: tuple[tuple[str, str], ...],
    user: "User | None" = None,
) -> tuple[list[str], dict[str, str]]:
    """Fill all templates; return the command, the variables.

    Args:
        command: the game's; a word that is ``{{args.NAME}}`` alone becomes as many words as a
            shell would make of that variable.
        environ: what everybody may see: a secret is no name here.
        files: source with target, relative to the current folder.
        user: whose the files are to be; None = ours.

    Raises:
        SettingsError: a name is unknown, or a file cannot be read or written.
    """
    names = injected.names(environ)
    words: list[str] = []
    for word in command:
        words += _words(word, names)
    filled = dict(environ)
    for name, value in environ.items():
        if _OPEN in value and not name.startswith(_NOT_TEMPLATES):
            filled[name] = _filled(value, names, f"the variable {name}", is_ours=False)
    for source, target in files:
        text, mode = _read(source)
        _write(target, _filled(text, names, source, is_ours=True), mode, source, user)
    return words, filled


def _words(word: str, names: dict[str, str]) -> list[str]:
    """Return what a word of the command becomes."""
    inner = word.strip()
    if inner.startswith("{{args.") and inner.endswith(_CLOSE) and inner.count(_OPEN) == 1:
        import shlex

        text = _filled(inner, names, "the command", is_ours=True)
        try:
            return shlex.split(text)
        except ValueError as error:
            raise SettingsError(f"cannot split {inner} into words: {error}; quote it") from None
    return [_filled(word, names, "the command", is_ours=True)]


def _filled(text: str, names: dict[str, str], where: str, *, is_ours: bool) -> str:
    """Return the text with its templates filled; what was filled in is not looked at again.

    Args:
        text: with or without templates.
        names: what they may name.
        where: for the error.
        is_ours: any template is meant for us; else only those whose first part we know.
    """
    done = []
    rest = text
    while True:
        before, opened, after = rest.partition(_OPEN)
        done.append(before)
        if not opened:
            return "".join(done)
        if after.startswith(_OPEN):
            done.append(_OPEN)
            rest = after[len(_OPEN) :]
            continue
        inner, closed, rest = after.partition(_CLOSE)
        name, bar, instead = inner.partition("|")
        name = name.strip()
        if not closed or not (is_ours or name.split(".")[0] in _ROOTS):
            done.append(opened + inner + closed)
        elif name in names:
            done.append(names[name])
        elif bar:
            done.append(instead)
        else:
            raise SettingsError(_unknown(name, names, where))


def _unknown(name: str, names: dict[str, str], where: str) -> str:
    known = sorted(each for each in names if not each.startswith("args."))
    more = len(known) - _MOST_SHOWN
    shown = ", ".join(known[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return (
        f"cannot fill {{{{{name}}}}} in {where}: it was not injected; "
        f"write {{{{{name}|instead}}}} for a default, {_LITERAL} for two braces. "
        f"There are args.NAME of any variable, and: {shown or 'none'}"
    )


def _read(source: str) -> tuple[str, int]:
    """Return a template's text with its mode."""
    try:
        fd = posix.open(source, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            mode = posix.fstat(fd).st_mode & 0o777
            whole = b""
            while piece := posix.read(fd, 1 << 16):
                whole += piece
                if len(whole) > _MOST_BYTES:
                    raise OSError(27, "it is larger than 1 MiB")
        finally:
            posix.close(fd)
    except OSError as error:
        raise SettingsError(
            f"cannot read the template {source}: {error.strerror}; check AGENT_TEMPLATES"
        ) from None
    return whole.decode("utf-8", "surrogateescape"), mode


def _write(target: str, text: str, mode: int, source: str, user: "User | None") -> None:
    data = text.encode("utf-8", "surrogateescape")
    new = f"{target}.{posix.getpid()}"
    try:
        fd = posix.open(new, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, mode)
        try:
            if user is not None and posix.getuid() == 0:
                posix.fchown(fd, user.uid, user.gid)
            while data:
                data = data[posix.write(fd, data) :]
        finally:
            posix.close(fd)
        posix.rename(new, target)
    except OSError as error:
        raise SettingsError(
            f"cannot write {target} from the template {source}: {error.strerror}; "
            "name a place in AGENT_TEMPLATES that we may write to"
        ) from None


TYPE_CHECKING = False  # mypy reads it as true
if TYPE_CHECKING:
    from .identity import User
