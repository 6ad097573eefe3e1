"""The text that Prometheus and OpenTelemetry collectors scrape, in both of its dialects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OPENMETRICS = "application/openmetrics-text"
PLAIN = "text/plain"
CONTENT_TYPES = {
    OPENMETRICS: f"{OPENMETRICS}; version=1.0.0; charset=utf-8",
    PLAIN: f"{PLAIN}; version=0.0.4; charset=utf-8",
}
_SUFFIXES = {"counter": "_total", "info": "_info"}
_OLD_KINDS = {"counter": "counter"}  # the older dialect knows neither info nor stateset

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric family with its samples.

    Attributes:
        name: without the suffix that its kind brings; it ends with its unit.
        kind: gauge, counter, info or stateset.
        help: one line.
        unit: a base unit, or empty for a plain number.
    """

    name: str
    kind: str
    help: str
    unit: str = ""
    samples: tuple[Sample, ...] = ()


def accepted(accept: str) -> str:
    """Return the dialect for an ``Accept`` header; who does not name ours gets the older one."""
    return OPENMETRICS if OPENMETRICS in accept.lower() else PLAIN


def render(families: Iterable[Family], dialect: str) -> bytes:
    """Return the exposition; a family of which nothing is known is left out."""
    is_new = dialect == OPENMETRICS
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines += _lines(family, is_new=is_new)
    return "\n".join([*lines, *(["# EOF"] if is_new else []), ""]).encode()


def _lines(family: Family, *, is_new: bool) -> Iterable[str]:
    sample = family.name + _SUFFIXES.get(family.kind, "")
    titled = family.name if is_new else sample
    kind = family.kind if is_new else _OLD_KINDS.get(family.kind, "gauge")
    yield f"# TYPE {titled} {kind}"
    if is_new and family.unit:
        yield f"# UNIT {titled} {family.unit}"
    yield f"# HELP {titled} {_escaped(family.help)}"
    for labels, value in family.samples:
        pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        yield f"{sample}{{{pairs}}} {_figure(value)}" if pairs else f"{sample} {_figure(value)}"


def _figure(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 6))


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
