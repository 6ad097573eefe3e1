"""The main job once, on the terminal: from a deployment's start to its end."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import aiohttp

from agent.errors import SettingsError

from . import crowd, faults, image, variables
from .deployment import Deployment
from .platform import Platform
from .timeline import Lane, Look, Timeline
from .version import Port, RestartPolicy, Version
from .witness import Witness

PLAYERS = ("ann", "bob")
_GAME = Path(__file__).with_name("demogame.py")
_LIMIT = 45.0  # seconds: guards against a demo that never ends
_POLL = 20  # seconds of one long poll
_PAUSE = 0.2  # seconds before the agent is asked again after a failure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return 0 if every expected step was seen, 1 if not.

    Bad options are 78, as everywhere in the program; Ctrl-C is 130.
    """
    options = _parse(argv)
    timeline = Timeline(sys.stdout, _look(sys.stdout, as_json=options.json))
    try:
        ordered = faults.parse(options.fault) if options.fault else ()
        refusals = sum(not isinstance(fault, faults.Lost) for fault in ordered)
        witness = Witness(timeline, refusals)
        asyncio.run(_run(options, ordered, witness))
    except SettingsError as error:
        sys.stderr.write(f"arbitrium-agent demo: {error}\n")
        return os.EX_CONFIG
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    missing = witness.missing()
    timeline.close(witness.seen, missing)
    return 1 if missing else 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="arbitrium-agent demo",
        description="Play one match of a demo game through the real entrypoint, "
        "against a platform on this machine.",
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="SIGTERM to SIGKILL (%(default)s)",
    )
    parser.add_argument(
        "--match",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="length of the match (%(default)s)",
    )
    parser.add_argument(
        "--fault", default="", metavar="LIST", help=f"what self-stop calls meet: {faults.GRAMMAR}"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args(argv)


def _look(out: TextIO, *, as_json: bool) -> Look:
    if as_json:
        return Look.JSON
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not out.isatty()
    return Look.PLAIN if plain else Look.COLOURED


async def _run(
    options: argparse.Namespace, ordered: Sequence[faults.Fault], witness: Witness
) -> None:
    with tempfile.TemporaryDirectory(prefix="arbitrium-demo-") as folder:
        world = Path(folder) / "world.json"
        version = _version(options, ordered, witness, world)
        async with Platform(on_record=witness.record) as platform:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LIMIT):
                    await _play(await platform.deploy(version), witness)
        if _has_match(world):
            witness.note(Lane.GAME, "the saved world knows the match", "world_on_disk")


def _version(
    options: argparse.Namespace, ordered: Sequence[faults.Fault], witness: Witness, world: Path
) -> Version:
    game = [sys.executable, str(_GAME), "--players", str(len(PLAYERS)), "--world", str(world)]
    return Version(
        command=image.behind_entrypoint(*game, "--match-seconds", str(options.match)),
        env={
            "PATH": image.search_path(),
            "AGENT_PORT": str(variables.free_port("TCP")),
            "AGENT_GRACE": f"{options.grace:g}s",
            "AGENT_STOP_TIMEOUT": "20s",
            "AGENT_DRAIN": "5s",
        },
        ports=(Port(internal=0),),
        grace=options.grace,
        restart_policy=RestartPolicy.NEVER,
        faults=ordered,
        on_line=witness.line,
    )


async def _play(deployment: Deployment, witness: Witness) -> None:
    """Let watcher, players, deployment run side by side until the deployment has ended."""
    async with asyncio.TaskGroup() as group:
        aside = [
            group.create_task(_watch(deployment, witness)),
            group.create_task(_visit(deployment, witness)),
        ]
        await deployment.terminated()
        for task in aside:
            task.cancel()


async def _visit(deployment: Deployment, witness: Witness) -> None:
    await witness.ready.wait()
    await crowd.play(PLAYERS, deployment.ports[0].internal, witness.draining)


async def _watch(deployment: Deployment, witness: Witness) -> None:
    """Follow the agent's status by long polls, over its restarts too."""
    await witness.listening.wait()  # the agent's port was bound before the game was started
    url = f"http://127.0.0.1:{deployment.environment['AGENT_PORT']}/v1/status"
    revision = -1
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        while not deployment.over:
            try:
                query = {"after": str(revision), "wait": str(_POLL)}
                async with session.get(url, params=query if revision >= 0 else None) as answer:
                    status = await answer.json()
            except aiohttp.ClientError:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE):
                        await deployment.terminated()
            else:
                revision = status["revision"]
                witness.status(status)


def _has_match(world: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return bool(json.loads(world.read_text(encoding="utf-8"))["matches"] == 1)
    return False


if __name__ == "__main__":
    sys.exit(main())
