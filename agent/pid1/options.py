"""PID 1's own settings, from the environment block plus the command line."""

from ..errors import SettingsError
from . import signals

SETTINGS: tuple[tuple[str, str, str], ...] = (
    ("AGENT_PORT", "8655", "port of the control API on loopback, 0 = any free one"),
    ("AGENT_SOCKET", "", "path of a Unix socket that serves the control API instead"),
    ("AGENT_TOKEN", "", "bearer token that the control API asks for"),
    ("AGENT_SDK", "", "faces for games made with another SDK: agones, gsdk, with commas"),
    ("AGENT_AGONES_PORT", "9358", "port of the Agones face's REST on loopback, 0 = any"),
    ("AGENT_AGONES_GRPC_PORT", "9357", "port of its gRPC, 0 = any"),
    ("AGENT_GSDK_PORT", "56001", "port of the PlayFab face on loopback, 0 = any"),
    ("AGENT_READY_PORT", "", "declared TCP port that is opened once the game is ready"),
    ("AGENT_GRACE", "5s", "time from the platform's SIGTERM to its SIGKILL"),
    ("AGENT_STOP_SIGNAL", "TERM", "signal that asks the game to stop"),
    ("AGENT_SECRETS", "proxy", "the game gets stand-ins (proxy), nothing (strip), all (pass)"),
    ("AGENT_SECRET_NAMES", "", "more secret variables, as shell patterns with commas"),
    ("AGENT_GAME_USER", "", "user, uid or uid:gid that the game runs as"),
    ("AGENT_TEMPLATES", "", "files that are filled before the start: source:target,source:target"),
    ("AGENT_SPOOL_DIR", "", "folder for the game's output on its way out"),
    ("AGENT_SPOOL_MAX", "32MiB", "most bytes that the spool may hold"),
    ("AGENT_LOG_FILES_ECHO", "0", "1 = lines of the game's log files go to stderr, too"),
    ("AGENT_STRICT", "0", "1 = a bad setting is a fault instead of its default"),
    ("AGENT_MODE", "enforce", "observe = the platform is never told to end the deployment"),
)
DEFAULTS = {name: default for name, default, _ in SETTINGS}
_PORT_MAX = 65_535

HELP = """\
Usage: entrypoint.sh [options] [--] COMMAND [ARGUMENT...]

Runs COMMAND, the game server, under arbitrium-agent.

  --no-agent          a plain init: reap, pass signals on, nothing else
  --single-child      signal the command alone, not its process group
  --rewrite FROM:TO   pass FROM on as TO; 0 drops it; may be repeated
  --no-setsid         keep the command in our session
  --leftovers HOW     processes that outlive the command: none, term or kill (default)
  --help, --version
"""


class Options:
    """PID 1's settings as they hold; times in seconds, sizes in bytes."""

    def __init__(self) -> None:
        self.command: list[str] = []
        self.mode = "run"  # run | help | version
        self.agent = True
        self.single_child = False
        self.setsid = True
        self.leftovers = "kill"
        self.rewrites: dict[int, int] = {}
        self.port = 8655
        self.socket = ""
        self.token = ""
        self.sdk: tuple[str, ...] = ()
        self.sdk_ports: dict[str, int] = {}
        self.ready_port = ""
        self.grace = 5.0
        self.grace_given = False
        self.stop_signal = signals.SIGTERM
        self.secrets = "proxy"
        self.secret_names: tuple[str, ...] = ()
        self.game_user = ""
        self.templates: tuple[tuple[str, str], ...] = ()
        self.spool_dir = ""
        self.spool_max = 32 << 20
        self.spool_max_given = False
        self.echoes_files = False  # lines of the game's log files go out with ours
        self.strict = False
        self.observes = False  # stops of our own are only logged
        self.user: User | None = None  # found by its name at the start
        self.notices: list[str] = []


def read_argv(argv: list[str], options: Options) -> None:
    """Take the options off the command line; the first other word begins the command.

    Raises:
        SettingsError: an option cannot be read.
    """
    words = iter(argv)
    for word in words:
        if word == "--":
            options.command = list(words)
        elif not word.startswith("-") or word == "-":
            options.command = [word, *words]
        else:
            _take(word, words, options)


def _take(word: str, words: "Iterator[str]", options: Options) -> None:
    flag, equals, value = word.partition("=")
    if flag in ("--rewrite", "--leftovers"):
        _take_value(flag, value if equals else next(words, ""), options)
    elif word in ("--help", "-h", "--version"):
        options.mode = "version" if word == "--version" else "help"
    elif word == "--no-agent":
        options.agent = False
    elif word == "--single-child":
        options.single_child = True
    elif word == "--no-setsid":
        options.setsid = False
    else:
        raise SettingsError(f"cannot read the option {word}: there is no such one; see --help")


def _take_value(flag: str, value: str, options: Options) -> None:
    if flag == "--leftovers":
        if value not in ("none", "term", "kill"):
            raise SettingsError(f"cannot read --leftovers {value}: write none, term or kill")
        options.leftovers = value
        return
    try:
        old, new = signals.rewrite(value)
    except ValueError as error:
        raise SettingsError(f"cannot read --rewrite: {error}") from None
    options.rewrites[old] = new


def read_environ(environ: dict[str, str], options: Options) -> None:
    """Take PID 1's settings from the environment; a bad value is its default + a notice.

    Raises:
        SettingsError: AGENT_STRICT is on, with a bad value.
    """
    options.grace_given = bool(environ.get("AGENT_GRACE", "").strip())
    for name, reader in _READERS.items():
        text = environ.get(name, "").strip()
        if not text:
            continue
        try:
            reader(options, text)
        except ValueError as error:
            line = f"cannot use {name}: {error}; {DEFAULTS[name]} is used"
            options.notices.append(line)
    options.grace_given = options.grace_given and not any(
        "AGENT_GRACE" in notice for notice in options.notices
    )
    if options.strict and options.notices:
        raise SettingsError("; ".join(options.notices) + ", but AGENT_STRICT=1 refuses that")


def _port(options: Options, text: str) -> None:
    options.port = _number(text)


def _face_port(door: str) -> "Callable[[Options, str], None]":
    def read(options: Options, text: str) -> None:
        options.sdk_ports[door] = _number(text)

    return read


def _number(text: str) -> int:
    if not (text.isdecimal() and int(text) <= _PORT_MAX):
        raise ValueError(f"{text!r} is not a port; write 0 to {_PORT_MAX}")
    return int(text)


def _socket(options: Options, text: str) -> None:
    if not text.startswith("/") or len(text.encode()) > 107:  # noqa: PLR2004 - sun_path
        raise ValueError(f"{text!r} is not an absolute path of at most 107 bytes")
    options.socket = text


def _token(options: Options, text: str) -> None:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("it has characters that no HTTP header takes; write printable ASCII")
    options.token = text


def _sdk(options: Options, text: str) -> None:
    from ..core import faces

    options.sdk = faces.parse(text)


def _ready_port(options: Options, text: str) -> None:
    options.ready_port = text


def _grace(options: Options, text: str) -> None:
    from ..core import durations

    seconds = durations.parse(text)
    if seconds <= 0:
        raise ValueError(f"{text!r} leaves no time; write more than 0s")
    options.grace = seconds


def _stop_signal(options: Options, text: str) -> None:
    options.stop_signal = signals.number(text)


def _secrets(options: Options, text: str) -> None:
    if text.lower() not in ("proxy", "strip", "pass"):
        raise ValueError(f"{text!r} is not known; write proxy, strip or pass")
    options.secrets = text.lower()


def _secret_names(options: Options, text: str) -> None:
    options.secret_names = tuple(part.strip() for part in text.split(",") if part.strip())


def _game_user(options: Options, text: str) -> None:
    options.game_user = text


def _templates(options: Options, text: str) -> None:
    from . import prepare

    options.templates = prepare.pairs(text)


def _spool_dir(options: Options, text: str) -> None:
    if not text.startswith("/"):
        raise ValueError(f"{text!r} is not an absolute path")
    options.spool_dir = text


def _spool_max(options: Options, text: str) -> None:
    from ..core import sizes

    options.spool_max = sizes.parse(text)
    options.spool_max_given = True


def _strict(options: Options, text: str) -> None:
    options.strict = _is_on(text)


def _echoes_files(options: Options, text: str) -> None:
    options.echoes_files = _is_on(text)


def _is_on(text: str) -> bool:
    if text.lower() not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text.lower() in ("1", "true", "yes", "on")


def _mode(options: Options, text: str) -> None:
    if text.lower() not in ("enforce", "observe"):
        raise ValueError(f"{text!r} is not known; write enforce or observe")
    options.observes = text.lower() == "observe"


_READERS = {
    "AGENT_PORT": _port,
    "AGENT_SOCKET": _socket,
    "AGENT_TOKEN": _token,
    "AGENT_SDK": _sdk,
    "AGENT_AGONES_PORT": _face_port("agones"),
    "AGENT_AGONES_GRPC_PORT": _face_port("agones_grpc"),
    "AGENT_GSDK_PORT": _face_port("gsdk"),
    "AGENT_READY_PORT": _ready_port,
    "AGENT_GRACE": _grace,
    "AGENT_STOP_SIGNAL": _stop_signal,
    "AGENT_SECRETS": _secrets,
    "AGENT_SECRET_NAMES": _secret_names,
    "AGENT_GAME_USER": _game_user,
    "AGENT_TEMPLATES": _templates,
    "AGENT_SPOOL_DIR": _spool_dir,
    "AGENT_SPOOL_MAX": _spool_max,
    "AGENT_LOG_FILES_ECHO": _echoes_files,
    "AGENT_STRICT": _strict,
    "AGENT_MODE": _mode,
}

TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .identity import User
