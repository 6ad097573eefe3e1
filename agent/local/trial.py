"""The scenarios as a studio's CI runs them, with an exit status."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.errors import SettingsError

from . import laptop, proving, verdicts
from .proving import Verdict
from .scenarios import SCENARIOS

_GRACE = 10.0  # seconds, where no file says how long the game has


def run(asked: argparse.Namespace) -> int:
    """Play scenarios; return 0 if every promise was kept, 1 if not.

    Raises:
        SettingsError: a scenario is unknown, or the words cannot be used.
    """
    names = chosen(asked.scenario)
    wanted = laptop.find(asked)
    version = laptop.order(wanted, asked)
    if not laptop.has_file(asked):
        env = {**version.env, "AGENT_GRACE": f"{_GRACE:g}s"}
        version = replace(version, grace=_GRACE, env=env)

    def tell(verdict: Verdict) -> None:
        shown = verdicts.plain(verdict) if asked.json else verdicts.text(verdict)
        sys.stdout.write(f"{shown}\n")
        sys.stdout.flush()

    came = asyncio.run(proving.prove(names, version, tell, asked.patience))
    if asked.junit:
        verdicts.write_junit(Path(asked.junit), came)
    return int(any(verdict.broken for verdict in came))


def chosen(words: Sequence[str]) -> list[str]:
    """Return the scenarios' names in their own order.

    Raises:
        SettingsError: one of them is unknown.
    """
    named = {name for word in words for name in word.split(",")}
    for name in sorted(named - {"all", *SCENARIOS}):
        known = ", ".join(SCENARIOS)
        raise SettingsError(f"cannot play {name!r}: the scenarios are all, {known}")
    return [name for name in SCENARIOS if "all" in named or name in named]
