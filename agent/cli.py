"""The command ``arbitrium-agent``: words in, exit status out."""

import json
import os
import sys
from argparse import ArgumentParser, Namespace

from . import __version__
from .client import Answer, Client, address
from .errors import RequestError, SettingsError, UnreachableError
from .grammar import PROGRAM, build
from .screen import Screen
from .verbs import lines, request

EX_REFUSED = 1
EX_USAGE = 2
EX_UNAVAILABLE = 69
EX_INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Do what the words say.

    Returns:
        0, or 1 where the agent refuses, 2 for words it does not know, 69 where no agent
        answers, 78 where ``check`` finds a fault.
    """
    words = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a name may hold stray bytes
    if words[:1] == ["run"] and words[1:2] not in (["--help"], ["-h"]):
        return _run(words[1:])
    if words[:1] == ["demo"]:
        from .local.demo import main as demo

        return demo(words[1:])
    if words[:1] == ["local"]:
        from .local.localcommand import main as local

        return local(words[1:])
    if words[:1] == ["version"] and words[1:2] not in (["--help"], ["-h"]):
        return _made_version(words[1:])
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    parser = build()
    return _guarded(parser, parser.parse_args(words))


def _guarded(parser: ArgumentParser, asked: Namespace) -> int:
    screen = Screen(colours=_has_colours(sys.stderr.isatty()))
    try:
        status = _perform(parser, asked)
        sys.stdout.flush()
    except UnreachableError as error:
        return _fail(screen, str(error), EX_UNAVAILABLE)
    except RequestError as error:
        fix = f"; {error.fix}" if error.fix else ""
        return _fail(screen, f"{error}{fix}", EX_REFUSED)
    except SettingsError as error:
        return _fail(screen, str(error), EX_USAGE)
    except KeyboardInterrupt:
        return EX_INTERRUPTED
    except BrokenPipeError:
        # The reader, perhaps `head`, has had enough; Python's last flush must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _perform(parser: ArgumentParser, asked: Namespace) -> int:
    in_json = getattr(asked, "json", False)
    screen = Screen(colours=_has_colours(sys.stdout.isatty()))
    if asked.version:
        print(f"{PROGRAM} {__version__}")
        return 0
    if asked.verb is None:
        parser.print_help(sys.stderr)
        return EX_USAGE
    if asked.verb == "check":
        return _check(asked, screen, in_json=in_json)
    url = address(os.environ, getattr(asked, "url", ""), getattr(asked, "socket", ""))
    client = Client(url, os.environ.get("AGENT_TOKEN", ""))
    if asked.verb == "watch":
        return _watch(client, screen, in_json=in_json)
    if asked.verb == "logs":
        return _logs(client, lines(asked), in_json=in_json)
    answer = client.call(*request(asked))
    if in_json:
        print(json.dumps(answer))
    elif asked.verb == "status":
        print(screen.status(answer))
    else:
        _confirm(answer, screen)
    return 0


def _made_version(words: list[str]) -> int:
    """Print the app version that a file describes."""
    from pathlib import Path

    from .local.appversion import body

    try:
        print(json.dumps(body(Path(words[0] if words else "edgegap.toml")), indent=2))
    except SettingsError as error:
        print(f"{PROGRAM} version: {error}", file=sys.stderr)
        return os.EX_CONFIG
    return 0


def _check(asked: Namespace, screen: Screen, *, in_json: bool) -> int:
    """Judge what is here, or an app version."""
    if not asked.against:
        from .checkup import check

        return check(os.environ, screen, in_json=in_json, probe=asked.probe)
    from pathlib import Path

    from .local.fitting import faults

    found = faults(Path(asked.against))
    if in_json:
        print(json.dumps({"ok": not found, "faults": found}))
    else:
        print("\n".join(map(screen.error, found)) or f"{screen.good('ok:')} it fits together")
    return os.EX_CONFIG if found else 0


def _confirm(answer: Answer, screen: Screen) -> None:
    print(f"{screen.good('ok:')} phase {answer.get('phase')}, revision {answer.get('revision')}")
    warnings = answer.get("warnings")
    for line in warnings if isinstance(warnings, list) else []:
        print(screen.warning(str(line)), file=sys.stderr)


def _watch(client: Client, screen: Screen, *, in_json: bool) -> int:
    """Follow the events; an agent that was only restarted is followed again.

    Raises:
        UnreachableError: the agent is gone before it said that it has stopped.
    """
    before: Answer = {}
    while True:
        told = 0
        for event in client.follow("/v1/events"):
            told += 1
            state = event if "phase" in event else event.get("status")
            if not isinstance(state, dict):
                continue  # a beat
            _tell(before, state, screen, in_json=in_json)
            before = state
        if before.get("phase") == "stopped":
            return 0
        if not told:
            raise UnreachableError(f"the agent at {client.url} tells nothing; is it leaving?")


def _logs(client: Client, path: str, *, in_json: bool) -> int:
    """Print lines as they come."""
    for line in client.follow(path):
        print(json.dumps(line) if in_json else line.get("text"), flush=True)
    return 0


def _tell(before: Answer, state: Answer, screen: Screen, *, in_json: bool) -> None:
    if in_json:
        print(json.dumps(state), flush=True)
    elif changes := screen.changes(before, state):
        from time import strftime

        print(f"{strftime('%H:%M:%S')} {changes}", flush=True)


def _run(words: list[str]) -> int:
    """Become PID 1's program, whose process this is from now on."""
    from pathlib import Path

    program = Path(__file__).resolve().parent / "pid1" / "__main__.py"
    os.execv(sys.executable, [sys.executable, "-I", "-S", str(program), *words])  # noqa: S606 - our own program
    return 0


def _has_colours(tty: bool) -> bool:  # noqa: FBT001 - a fact, not a flag
    return tty and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _fail(screen: Screen, text: str, status: int) -> int:
    print(screen.error(text), file=sys.stderr)
    return status
