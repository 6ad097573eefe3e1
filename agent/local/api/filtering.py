"""Choosing deployments by what a list's query or a bulk stop says.

The document leaves a list's query to a guide: ``{"filters": [{"field", "operator", "value"}],
"order_by": [{"field", "order"}]}``, as JSON. What it names is served, what it does not is refused.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from msgspec import MsgspecError, Struct, json

from . import bodies
from .dossier import Dossier
from .replies import RefusedError

Value = str | bool | int | float | list[str]

_FIELDS: dict[str, Callable[[Dossier], Any]] = {
    "request_id": lambda dossier: dossier.id,
    "status": lambda dossier: dossier.status().current_status.removeprefix("Status."),
    "app_name": lambda dossier: dossier.status().app_name,
    "version_name": lambda dossier: dossier.status().app_version,
    "tags": lambda dossier: list(dossier.tags),
    "created_at": lambda dossier: dossier.created,
}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda have, want: bool(have == want),
    "ne": lambda have, want: bool(have != want),
    "lt": lambda have, want: bool(have < want),
    "lte": lambda have, want: bool(have <= want),
    "gt": lambda have, want: bool(have > want),
    "gte": lambda have, want: bool(have >= want),
    "contains": lambda have, want: want in have,
    "ncontains": lambda have, want: want not in have,
    "in": lambda have, want: have in want,
    "nin": lambda have, want: have not in want,
}
_TESTS: dict[bodies.Match, Callable[[set[str], set[str]], bool]] = {
    "any": lambda have, want: bool(have & want),
    "all": lambda have, want: want <= have,
    "not": lambda have, want: not have & want,
}


class Condition(Struct, kw_only=True):
    """One condition of a list's query."""

    field: str
    operator: str
    value: Value


class Order(Struct, kw_only=True):
    """One key of a list's order."""

    field: str
    order: Literal["asc", "desc"] = "asc"


class Query(Struct, kw_only=True):
    """A list's query."""

    filters: list[Condition] = []
    order_by: list[Order] = []


def listed(dossiers: Sequence[Dossier], text: str) -> list[Dossier]:
    """Return the deployments that a list's query chooses, in its order.

    Raises:
        RefusedError: the query cannot be understood.
    """
    try:
        query = json.decode(text, type=Query) if text else Query()
        chosen = [d for d in dossiers if all(_holds(c, d) for c in query.filters)]
        for key in reversed(query.order_by):
            chosen.sort(key=_FIELDS[key.field], reverse=key.order == "desc")
    except (MsgspecError, TypeError) as error:
        raise RefusedError(400, f"cannot read the query: {error}") from None
    except KeyError as error:
        known = ", ".join([*_FIELDS, *_OPERATORS])
        raise RefusedError(400, f"cannot filter by {error}: use one of {known}") from None
    return chosen


def to_stop(dossiers: Iterable[Dossier], filters: Sequence[bodies.StopFilter]) -> list[Dossier]:
    """Return the deployments for which all the filters of a bulk stop hold."""

    def fits(dossier: Dossier, condition: bodies.StopFilter) -> bool:
        have = set(dossier.tags) if condition.field == "deployment_tags" else {dossier.id}
        return _TESTS[condition.filter_type](have, set(condition.values))

    return [dossier for dossier in dossiers if all(fits(dossier, f) for f in filters)]


def _holds(condition: Condition, dossier: Dossier) -> bool:
    have = _FIELDS[condition.field](dossier)
    return _OPERATORS[condition.operator](have, condition.value)
