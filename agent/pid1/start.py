"""The way from the first instruction to the running game."""

import posix
import sys
from posix import _exit

from ..errors import SettingsError
from . import boottime, options, secrets, signals

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
    from . import setup

    made = setup.Setup(wanted, environ, block, born)
    fault = fault or made.fault
    if wanted.strict and not fault:
        from . import strict

        fault = strict.refusal(made.root, made.agent_environ())
    why = fault or made.start_game()
    # The rest is loaded while the game already runs.
    made.start_pump()
    from . import supervise

    supervise.Supervisor(made, why, EX_CONFIG if fault else made.game.fault).run()


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
