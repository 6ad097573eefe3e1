"""Facts, orders, settings, the status: frozen, closed, documented."""

import dataclasses
import typing
from types import ModuleType

import pytest

from agent.core import crash, effects, events, options, sightings, snapshot
from agent.core.snapshot import Status

EVENTS = typing.get_args(events.Event)
EFFECTS = typing.get_args(effects.Effect)
SEEN = (*vars(snapshot).values(), *vars(crash).values())
OTHERS = (options.Options, *(each for each in SEEN if isinstance(each, type)))
RECORDS = [
    each for each in dict.fromkeys((*EVENTS, *EFFECTS, *OTHERS)) if dataclasses.is_dataclass(each)
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_record_is_frozen_slotted_documented(record: type) -> None:
    assert record.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(record)
    assert record.__doc__ is not None
    assert record.__doc__.rstrip().endswith(".")


@pytest.mark.parametrize(
    ("modules", "union"),
    [((events, sightings), EVENTS), ((effects,), EFFECTS)],
    ids=["events", "effects"],
)
def test_union_is_closed_over_its_modules(
    modules: tuple[ModuleType, ...], union: tuple[type, ...]
) -> None:
    made_here = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and dataclasses.is_dataclass(each)
        if each.__module__ == module.__name__
    }
    assert set(union) == made_here


def test_events_are_facts_in_the_past_tense() -> None:
    pasts = ("ed", "ReadyReported", "PlayersSet", "PlayerLeft", "SelfStopGone")
    assert all(event.__name__.endswith(pasts) for event in EVENTS)


def test_status_counts_time_in_seconds() -> None:
    times = [each.name for each in dataclasses.fields(Status) if each.type in {"float", float}]
    assert times == ["phase_seconds", "uptime_seconds"]
