"""The words, numbers, lists in which people write settings."""

import re
from collections.abc import Callable
from signal import Signals, valid_signals

from . import durations

WAYS = ("events", "file", "stdin", "http", "rcon", "signal")
"""The ways to ask a game to stop, see AGENT_STOP_BY."""

StopList = tuple[tuple[str, float], ...]

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"0", "false", "no", "off"})


_LOOPBACK_URL = re.compile(
    r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?(?:/[!-~]*)?", re.IGNORECASE
)
_LONGEST_SOCKET_PATH = 107  # bytes; sockaddr_un holds 108 with the closing zero
_LONGEST_TOKEN = 512
_LAST_PORT = 65_535
_DIGITS = 9  # enough for every number here


def seconds(least: float, most: float, *, off: bool = False) -> Callable[[str], float]:
    """Return a reader of durations within bounds; with *off*, ``off`` and ``0`` are 0.0."""
    allowed = f"from {durations.render(least)} to {durations.render(most)}{', or off' * off}"

    def read(text: str) -> float:
        if off and text.strip().lower() in _OFF:
            return 0.0
        duration = durations.parse(text)
        if not least <= duration <= most:
            raise ValueError(f"{text!r} is out of bounds; write a duration {allowed}")
        return duration

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """Return a reader of one of these words."""

    def read(text: str) -> str:
        word = text.strip().lower()
        if word not in words:
            raise ValueError(f"{text!r} is not one of the words; write {' or '.join(words)}")
        return word

    return read


def port(text: str) -> int:
    """Return the number of a network port, 0 for any free one.

    Raises:
        ValueError: there is no such port.
    """
    word = text.strip()
    if not (_is_whole(word) and int(word) <= _LAST_PORT):
        raise ValueError(f"{text!r} is not a port; write 1 to {_LAST_PORT}, or 0 for any")
    return int(word)


def count(text: str) -> int:
    """Return a whole number, 0 among them.

    Raises:
        ValueError: it is none.
    """
    word = text.strip()
    if not _is_whole(word):
        raise ValueError(f"{text!r} is not a whole number; write for instance 5000")
    return int(word)


def plain(text: str) -> str:
    """Return words as they are.

    Raises:
        ValueError: something in them cannot be printed, such as a stray byte.
    """
    if not text.isprintable():
        raise ValueError(f"{text!r} has unprintable characters; write plain text")
    return text.strip()


def path(text: str) -> str:
    """Return an absolute path.

    Raises:
        ValueError: it is relative, so it would mean another place to each process.
    """
    word = text.strip()
    if not word.startswith("/") or not word.isprintable():
        raise ValueError(f"{text!r} is not an absolute path; write one that begins with /")
    return word


def socket_path(text: str) -> str:
    """Return an absolute path that fits into a socket address.

    Raises:
        ValueError: it is relative, or longer than the kernel takes.
    """
    word = path(text)
    if len(word.encode()) > _LONGEST_SOCKET_PATH:
        raise ValueError(f"{text!r} is too long; write at most {_LONGEST_SOCKET_PATH} bytes")
    return word


def loopback_url(text: str) -> str:
    """Return a URL of plain HTTP on this machine.

    Raises:
        ValueError: it is none: what a game is told stays in its container.
    """
    word = text.strip()
    match = _LOOPBACK_URL.fullmatch(word)
    if match is None or int(match[1] or 80) not in range(1, _LAST_PORT + 1):
        raise ValueError(
            f"{text!r} is not on loopback; write for instance http://127.0.0.1:8080/stop"
        )
    return word


def names(text: str) -> tuple[str, ...]:
    """Return the entries of a comma list."""
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


def globs(text: str) -> tuple[str, ...]:
    """Return patterns of file names.

    Raises:
        ValueError: one of them can be no name.
    """
    if not text.isprintable():
        raise ValueError(f"{text!r} has unprintable characters; write patterns, commas between")
    return names(text)


def labels(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of ``name=value,name=value``.

    Raises:
        ValueError: a pair has no name, or something in it cannot be printed.
    """
    pairs = []
    for word in names(text):
        name, equals, value = (part.strip() for part in word.partition("="))
        if not (name and equals and word.isprintable()):
            raise ValueError(f"{word!r} is not a label; write name=value,name=value")
        pairs.append((name, value))
    return tuple(pairs)


def render_labels(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return the text that ``labels`` reads."""
    return ",".join(f"{name}={value}" for name, value in pairs)


def token(text: str) -> str:
    """Return a bearer token.

    Raises:
        ValueError: it does not fit into a header; the message does not repeat it.
    """
    fits = len(text) <= _LONGEST_TOKEN and text.isascii() and text.isprintable()
    if not fits or " " in text:
        raise ValueError(
            f"it does not fit into a header; write up to {_LONGEST_TOKEN} printable ASCII "
            "characters without spaces"
        )
    return text


def switch(text: str) -> bool:
    """Return whether the text says yes.

    Raises:
        ValueError: the text says neither yes nor no.
    """
    word = text.strip().lower()
    if word not in _ON | _OFF:
        raise ValueError(f"{text!r} is not a switch; write 1 or 0")
    return word in _ON


def stop_signal(text: str) -> int:
    """Return the number of ``TERM``, ``SIGTERM``, ``sigterm`` or ``15``.

    Raises:
        ValueError: there is no such signal.
    """
    word = text.strip().upper()
    if _is_whole(word):
        number = int(word)
    else:
        name = word if word.startswith("SIG") else f"SIG{word}"
        number = Signals[name].value if name in Signals.__members__ else 0
    if number not in {int(known) for known in valid_signals()}:
        raise ValueError(f"{text!r} is not a signal; write TERM, INT, QUIT or a number")
    return number


def signal_name(number: int) -> str:
    """Return ``TERM`` for 15, the number itself where it has no name."""
    known = {member.value: name for name, member in Signals.__members__.items()}
    return known.get(number, str(number)).removeprefix("SIG")


def stop_list(text: str) -> StopList:
    """Return the (way, cap in seconds) pairs of ``file:2s,stdin:1s,signal``.

    The signal always comes last, written or not: no other way is sure to end a game.

    Raises:
        ValueError: a way is unknown, twice there, without its cap, or behind the signal.
    """
    steps: list[tuple[str, float]] = []
    for word in text.lower().split(","):
        way, _, cap = (part.strip() for part in word.partition(":"))
        if way not in WAYS:
            raise ValueError(f"{way!r} is not a way to stop; write a list of {', '.join(WAYS)}")
        if any(way == earlier for earlier, _ in steps):
            raise ValueError(f"{way} is there twice; write each way once")
        if steps and steps[-1][0] == "signal":
            raise ValueError(f"{way} comes after signal; write signal last")
        if not cap and way != "signal":
            raise ValueError(f"{way} has no cap; write for instance {way}:2s")
        steps.append((way, durations.parse(cap) if cap else 0.0))
    if steps[-1][0] != "signal":
        steps.append(("signal", 0.0))
    return tuple(steps)


def render_stop_list(steps: StopList) -> str:
    """Return the text that ``stop_list`` reads."""
    return ",".join(f"{way}:{durations.render(cap)}" if cap else way for way, cap in steps)


def _is_whole(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= _DIGITS
