"""The words of ``arbitrium-agent local``."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from agent.core import durations
from agent.errors import SettingsError

from . import faults

_EXAMPLES = """\
examples:
  arbitrium-agent local -- ./MyServer -port={{ports.gameport.internal}}
  arbitrium-agent local --file edgegap.toml --match match.json
  arbitrium-agent local --scenario all --junit report.xml -- ./MyServer
  arbitrium-agent local --fault 503x3,reset --delay 80ms -- ./MyServer
"""


def main(argv: Sequence[str]) -> int:
    """Do what the words say; bad ones are 78, as everywhere in the program."""
    asked = parse(argv)
    try:
        if asked.scenario:
            from . import trial

            return trial.run(asked)
        from . import laptop

        return laptop.run(asked)
    except SettingsError as error:
        sys.stderr.write(f"arbitrium-agent local: {error}\n")
        return os.EX_CONFIG
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the words; what stands behind ``--`` is the command."""
    own, command = _parted(list(argv))
    asked = _parser().parse_args(own)
    asked.command = command
    return asked


def _parted(words: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="arbitrium-agent local",
        usage="%(prog)s [options] [-- COMMAND [ARGUMENT...]]",
        description="Run a game server as Edgegap would, on this machine: Ctrl-C stops it as the "
        "platform would, a second one kills it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--file", default="", metavar="TOML", help="the app version (edgegap.toml, if there)")
    add("--match", default="", metavar="JSON", help="the MM_* variables of a matchmaker's match")
    add("--listen", default="127.0.0.1", metavar="ADDRESS", help="of API and ports (%(default)s)")
    add("--api-port", type=int, default=8000, metavar="PORT", help="of the API (%(default)s)")
    add(
        "--external",
        type=_external,
        action="append",
        default=[],
        metavar="NAME=PORT",
        help="a port's number outside; any free one else",
    )
    add("--fault", default="", metavar="LIST", help=f"self-stop calls meet: {faults.GRAMMAR}")
    add("--delay", type=_delay, default=0.0, metavar="TIME", help="of forwarded ports, each way")
    add("--state", default=":memory:", metavar="FILE", help="keeps the API's apps, versions, …")
    add(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME",
        help="play this scenario, or all of them, for a CI",
    )
    add("--junit", default="", metavar="FILE", help="with --scenario: write this file")
    add("--patience", type=_delay, default=60.0, metavar="TIME", help="for each of its acts (60s)")
    add("--json", action="store_true", help="one JSON object a line")
    return parser


def _external(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not name or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write gameport=7777")
    return name, int(number)


def _delay(text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
