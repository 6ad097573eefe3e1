"""The way from the first instruction to the running game."""

import fcntl
import posix
import sys
from errno import EMFILE
from posix import _exit

from ..errors import SettingsError
from . import boottime, options, secrets, signals

_LEAST_DESCRIPTORS = 64  # a few dozen are open at most, in a container it is thousands
EX_CONFIG = 78  # sysexits.h: something is wrong with the configuration


def main() -> None:
    """Run PID 1; it ends by ``_exit``, so this never returns."""
    signals.block()
    born = boottime.now()
    block = secrets.read_block()
    environ = secrets.parse(block)
    wanted = options.Options()
    fault = _read(wanted, environ)
    if wanted.mode != "run":
        _print_and_leave(wanted.mode)
    if not wanted.agent:
        from . import plain

        plain.run(wanted, environ, fault)
    made, number, what = None, None, ""
    try:
        _need_descriptors()
        from . import setup

        made = setup.Setup(wanted, environ, block, born)
        fault = fault or made.fault
        _start(made, wanted, fault)
    except Exception as error:  # noqa: BLE001 - whatever it is, the game comes first
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        number = getattr(error, "errno", None)
    # Behind the handler, where the sockets of a failed setup were closed with its traceback.
    if made is not None:
        made.close_doors()  # an import needs a descriptor; and refused beats hanging
    from . import bare

    bare.go_on(made, wanted, environ, fault, bare.words(number, what))


def _start(it: "Setup", wanted: options.Options, fault: str) -> None:
    """Start the game, load the rest, look after both; returns only by a fault of ours."""
    if wanted.strict and not fault:
        from . import strict

        fault = strict.refusal(it.root, it.agent_environ(), it.secrets)
    why = fault or it.start_game()
    # The rest is loaded while the game already runs.
    it.start_pump()
    from . import supervise

    supervise.Supervisor(it, why, EX_CONFIG if fault else it.game.fault).run()


def _need_descriptors() -> None:
    """Make sure of room for all that we open, while a plain init can still take over whole.

    Raises:
        OSError: there is none.
    """
    root = posix.open("/", posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        posix.close(fcntl.fcntl(root, fcntl.F_DUPFD_CLOEXEC, _LEAST_DESCRIPTORS))
    except OSError:
        raise OSError(EMFILE, posix.strerror(EMFILE)) from None
    finally:
        posix.close(root)


def _read(wanted: options.Options, environ: dict[str, str]) -> str:
    """Read the settings; return why the game cannot be started with them, or nothing."""
    fault = ""
    try:
        options.read_argv(sys.argv[1:], wanted)
    except SettingsError as error:
        fault = str(error)
    try:
        # After a fault too: a rescue needs to know which variables are secrets.
        options.read_environ(environ, wanted)
        if wanted.game_user:
            from . import identity

            wanted.user = identity.find(wanted.game_user)
    except SettingsError as error:
        fault = fault or str(error)
    if not (fault or wanted.command):
        fault = (
            "cannot start a game: no command was given; "
            'write it after the entrypoint, as CMD ["./server"] does'
        )
    return fault


def _print_and_leave(mode: str) -> None:
    from .. import __version__

    text = options.HELP if mode == "help" else f"arbitrium-agent {__version__}\n"
    posix.write(1, text.encode())
    _exit(0)


TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from .setup import Setup
