"""From the environment to validated settings, in a process that then becomes the service."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from .core.options import Options
from .errors import SettingsError
from .pid1 import wire
from .pid1.secrets import parse
from .sealed import write_settings

EX_CONFIG = 78


def main() -> int:
    """Hand the settings over, then become the service; with ``--check`` only judge them.

    ``--check`` is for PID 1 under AGENT_STRICT: it says what is wrong, a line each, and returns
    78 before a game is there that a refusal could disturb. The secrets come on its stdin.
    """
    if "--check" in sys.argv[1:]:
        return _check(os.environ, parse(sys.stdin.buffer.read()))
    try:
        write_settings(wire.SETTINGS, options(os.environ))
    except OSError as error:
        sys.stderr.write(f"agent: cannot hand over the settings: {error}; the defaults hold\n")
        return _become_service("--defaults")
    return _become_service()


def options(environ: Mapping[str, str]) -> Options:
    """Return the settings; whatever fails, the defaults with a line about it.

    A game is already running: nothing is refused here, not even under AGENT_STRICT.
    """
    try:
        from .settings import load

        found, _ = load({**environ, "AGENT_STRICT": ""})
    except Exception as error:  # noqa: BLE001 - a broken import or a fault of ours must not cost the agent
        line = f"cannot read the settings: {type(error).__name__}; the defaults hold, report this"
        return Options(degraded=(line,))
    return found


def _check(environ: Mapping[str, str], secrets: Mapping[str, str]) -> int:
    from .settings import load

    wrong = []
    try:
        load({**environ, "AGENT_STRICT": "1"})
    except SettingsError as error:
        wrong.append(str(error))
    if secrets.get("AGENT_LOG_SINK"):
        from .logs.probe import faults  # a quarter of a second, for aiohttp

        wrong += faults({**environ, **secrets})
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return EX_CONFIG if wrong else 0


def _become_service(*arguments: str) -> NoReturn:
    root = str(Path(__file__).resolve().parent.parent)
    command = wire.command(sys.executable, root, "agent.wiring", *arguments)
    os.execv(command[0], command)  # noqa: S606 - the words are our own
