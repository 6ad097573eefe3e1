"""The words that the command line takes."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter

from .core import durations

PROGRAM = "arbitrium-agent"

_OVERVIEW = """\
The runtime agent of a game server on Edgegap.

  start        run, demo, local, version, check
  look         status, watch, logs
  tell         ready, match, players, health, hold
  end          stop

Inside the container everything is found by itself; from outside:
  docker exec NAME arbitrium-agent status
"""
_CLOSING = "`arbitrium-agent help VERB` tells more of each. Settings: AGENT_* variables."

_RUN = """\
Run a game server under the agent, as the image's entrypoint does.

  arbitrium-agent run -- ./GameServer.x86_64 -port 7777
  arbitrium-agent run --no-agent -- ./tool     a plain init, as tini or dumb-init

`arbitrium-agent run -- --help` is the command's; the options before `--` are those of
entrypoint.sh: --no-agent, --single-child, --rewrite FROM:TO, --no-setsid, --leftovers HOW.
"""
_DEMO = """\
Play one match of a demo game against a local Edgegap, from start to self-stop.

  arbitrium-agent demo
  arbitrium-agent demo --json
"""
_LOCAL = """\
Run a game server here as Edgegap would.

  arbitrium-agent local -- ./MyServer -port={{ports.gameport.internal}}
  arbitrium-agent local            with the app version of edgegap.toml
  arbitrium-agent local --help     all its options
"""
_VERSION = """\
Print the app version of edgegap.toml for Edgegap's API.

  arbitrium-agent version edgegap.toml > version.json
  arbitrium-agent check --against version.json
"""
_CHECK = """\
Judge the settings and the injected variables as they are here; secrets are masked.

  arbitrium-agent check            exit status 0, or 78 with one line a fault
  arbitrium-agent check --against version.json    an app version instead, before it is deployed
  arbitrium-agent check --probe    also send a line to every sink of AGENT_LOG_SINK
  docker run --rm -e AGENT_GRACE=30 IMAGE arbitrium-agent check
"""
_STATUS = """\
Show phase, health, players, timers, stop.

  arbitrium-agent status
  arbitrium-agent status --json | jq -r .phase
"""
_WATCH = """\
Follow the state, one line a change, until the agent leaves.

  arbitrium-agent watch
  arbitrium-agent watch --json     the whole state, a JSON object a line
"""
_LOGS = """\
Show the last lines of the game and of the agent, as the spool has them.

  arbitrium-agent logs -f
  arbitrium-agent logs --tail 20 --source stderr --grep error
"""
_READY = """\
Say that the game takes players now. From then on only such calls count, not its ports.

  arbitrium-agent ready
"""
_MATCH = """\
Say that a match began, or that it is over (which ends the deployment by default).

  arbitrium-agent match start --id m-42
  arbitrium-agent match end
"""
_PLAYERS = """\
Say who is there. The full list is best: it cannot leak.

  arbitrium-agent players set alice bob
  arbitrium-agent players set --count 3 --capacity 16
  arbitrium-agent players join alice
  arbitrium-agent players leave alice
"""
_HEALTH = """\
Say how the game is. The first word arms the watch: silence then counts as ill health.

  arbitrium-agent health healthy
  arbitrium-agent health loading --seconds 90
"""
_HOLD = """\
Keep the deployment from being stopped for being idle, for a while.

  arbitrium-agent hold 10m --why "tournament break"
  arbitrium-agent hold --release
"""
_STOP = """\
Ask for the deployment's end: drain, stop signal, logs, self-stop.

  arbitrium-agent stop --why "patch day"
"""


def build() -> ArgumentParser:
    """Return the parser; a verb's name is in ``verb``, None where none was given."""
    everywhere = _everywhere()
    parser = ArgumentParser(
        prog=PROGRAM,
        description=_OVERVIEW,
        epilog=_CLOSING,
        formatter_class=RawDescriptionHelpFormatter,
        parents=[everywhere],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")

    def verb(name: str, text: str) -> ArgumentParser:
        first, _, rest = text.partition("\n")
        return verbs.add_parser(
            name,
            help=first[0].lower() + first[1:].partition(".")[0],
            description=first,
            epilog=f"examples:{rest.rstrip()}" if rest else "",
            formatter_class=RawDescriptionHelpFormatter,
            parents=[everywhere],
            allow_abbrev=False,
        )

    for name, text in (("run", _RUN), ("demo", _DEMO), ("local", _LOCAL), ("version", _VERSION)):
        verb(name, text)
    _add_check(verb("check", _CHECK))
    for name, text in (("status", _STATUS), ("watch", _WATCH), ("ready", _READY)):
        verb(name, text)
    _add_logs(verb("logs", _LOGS))
    _add_match(verb("match", _MATCH))
    _add_players(verb("players", _PLAYERS))
    _add_health(verb("health", _HEALTH))
    _add_hold(verb("hold", _HOLD))
    verb("stop", _STOP).add_argument("--why", default="", help="the reason, for the status")
    return parser


def _everywhere() -> ArgumentParser:
    """Return the options that may stand before a verb as well as behind it."""
    options = ArgumentParser(add_help=False, argument_default=SUPPRESS, allow_abbrev=False)
    options.add_argument("--url", help="the agent's address (default: AGENT_URL, AGENT_PORT)")
    options.add_argument(
        "--socket", metavar="PATH", help="its Unix socket (default: AGENT_SOCKET)"
    )
    options.add_argument("--json", action="store_true", help="print JSON, for scripts")
    return options


def _add_check(parser: ArgumentParser) -> None:
    parser.add_argument("--probe", action="store_true", help="send a line to every log sink")
    parser.add_argument("--against", metavar="JSON", default="", help="an app version to judge")


def _add_logs(parser: ArgumentParser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    parser.add_argument("--tail", type=_whole, default=100, help="how many lines (100)")
    parser.add_argument("--source", default="", help="stdout, stderr, agent, pid1; with commas")
    parser.add_argument("--grep", default="", help="what a line must hold")


def _add_match(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=("start", "end"))
    parser.add_argument("--id", default="", help="the match's id")


def _add_players(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=("set", "join", "leave"))
    parser.add_argument("ids", nargs="*", metavar="ID", help="players; one for join, leave")
    parser.add_argument("--count", type=_whole, help="with set: how many, instead of ids")
    parser.add_argument("--capacity", type=_whole, help="with set: how many could be there")


def _add_health(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=("healthy", "unhealthy", "loading"))
    parser.add_argument("--seconds", type=_duration, help="with loading: how long it may take")


def _add_hold(parser: ArgumentParser) -> None:
    parser.add_argument("seconds", type=_duration, nargs="?", help="how long: 90, 90s, 10m, 1h30m")
    parser.add_argument("--why", default="", help="the reason, for the status")
    parser.add_argument("--release", action="store_true", help="take the hold back")


def _duration(text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is not a number of players; write 0 or more")
    return int(text)
