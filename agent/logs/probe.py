"""Every configured sink, tried with one line of our own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from .. import clock
from ..errors import SettingsError
from .parcel import SESSION, Delivered, Parcel, Sink
from .stores import lacks, make_sink, split

SECONDS = 10.0
VARIABLE = "AGENT_LOG_SINK"
_LINE = b"arbitrium-agent check --probe: this line can be deleted\n"
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one sink; nothing of it is secret."""

    sink: str
    ok: bool
    detail: str


def faults(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with the sinks as they are written; nothing is sent."""
    made = [each for each in _made(environ) if isinstance(each, str)]
    return (*made, *lacks(split(environ.get(VARIABLE, ""))))


async def try_all(environ: Mapping[str, str], seconds: float = SECONDS) -> tuple[Tried, ...]:
    """Send one line to every sink at a time, under a name that is in nobody's way.

    Args:
        environ: the variables, the secrets among them; what `faults` names is left out.
        seconds: after which a sink counts as out of reach.
    """
    sinks = [each for each in _made(environ) if not isinstance(each, str)]
    return tuple(await asyncio.gather(*(_try(sink, seconds) for sink in sinks)))


def _made(environ: Mapping[str, str]) -> list[Sink | str]:
    """Return every sink, or why there is none."""
    made: list[Sink | str] = []
    for url in split(environ.get(VARIABLE, "")):
        try:
            made.append(make_sink(url, environ, {}))
        except SettingsError as error:
            made.append(str(error))
    return made


async def _try(sink: Sink, seconds: float) -> Tried:
    at = int(clock.wall() * _NS)
    parcel = Parcel("probe", 0, _LINE, ((0, at),), is_tail=True)
    began = clock.now()
    try:
        outcome = await sink.deliver(parcel, {SESSION: f"probe-{at}"}, seconds)
    finally:
        await sink.aclose()
    if not isinstance(outcome, Delivered):
        return Tried(sink.name, ok=False, detail=outcome.detail)
    if outcome.rejected:
        return Tried(sink.name, ok=False, detail="it takes requests, but threw our line away")
    return Tried(sink.name, ok=True, detail=f"has it after {(clock.now() - began) * 1000:.0f} ms")
