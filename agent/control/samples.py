"""How each kind of metric is read from what is known."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter

from ..core.snapshot import LogsStatus, Status
from ..core.usage import Usage
from .openmetrics import Labels, Sample

Reading = Callable[[Status, Usage | None], Iterable[Sample]]
"""What is not known gives no sample: an absent figure is never told as 0."""

_DIRECTIONS = ("in", "out", "skipped")
_NO_LOGS = LogsStatus("")


def one(path: str) -> Reading:
    """Return the reading of one field of the status."""
    read = attrgetter(path)
    return lambda status, _: _known({}, read(status))


def box(field: str) -> Reading:
    """Return the reading of one field of the container's usage."""
    read = attrgetter(field)
    return lambda _, usage: () if usage is None else _known({}, read(usage.container))


def part(field: str) -> Reading:
    """Return the reading of one field of the processes' usage, by process."""
    read = attrgetter(field)

    def samples(_: Status, usage: Usage | None) -> Iterator[Sample]:
        for name, each in ({} if usage is None else usage.parts).items():
            yield from _known({"process": name}, read(each))

    return samples


def network(unit: str) -> Reading:
    """Return the reading of the interfaces, by direction."""

    def samples(_: Status, usage: Usage | None) -> Iterator[Sample]:
        if usage is not None and usage.network is not None:
            for direction in ("received", "sent"):
                count = getattr(usage.network, f"{direction}_{unit}")
                yield {"direction": direction}, float(count)

    return samples


def sink(field: str) -> Reading:
    """Return the reading of one field of the log sinks, by sink."""
    read = attrgetter(field)

    def samples(status: Status, _: Usage | None) -> Iterator[Sample]:
        for each in (status.logs or _NO_LOGS).sinks:
            yield {"sink": each.name}, float(read(each))

    return samples


def counted(
    label: str, names: Iterable[str], counts: Callable[[Status], Mapping[str, int]]
) -> Reading:
    """Return the reading of counts by name; those that did not happen are told as 0."""
    known = tuple(names)
    return lambda status, _: tuple(
        ({label: name}, float(counts(status).get(name, 0))) for name in known
    )


def states(family: str, path: str, names: Iterable[str]) -> Reading:
    """Return the reading of a stateset: 1 for the state that holds, 0 for the others."""
    read, known = attrgetter(path), tuple(names)
    return lambda status, _: tuple(
        ({family: name}, float(name == read(status).value)) for name in known
    )


def timers(field: str) -> Reading:
    """Return the reading of one field of the timers that run."""
    read = attrgetter(field)
    return lambda status, _: tuple(
        ({"timer": each.name}, float(read(each))) for each in status.timers if each.running
    )


def about(status: Status, _: Usage | None) -> Iterator[Sample]:
    """Yield whose figures these are."""
    yield {"boot_id": status.boot_id, "mode": status.mode.value}, 1.0


def used(status: Status, _: Usage | None) -> Iterator[Sample]:
    """Yield the container's time by use."""
    for use in ("played", "empty", "unknown"):
        yield {"use": use}, float(getattr(status.counts, f"seconds_{use}"))


def lines(status: Status, _: Usage | None) -> Iterator[Sample]:
    """Yield what was done to lines on their way to a sink; the names are the sink's own."""
    for each in (status.logs or _NO_LOGS).sinks:
        for what, count in each.counters.items():
            yield {"sink": each.name, "what": what}, float(count)


def spooled(status: Status, _: Usage | None) -> Iterable[Sample]:
    """Return how much is kept, where PID 1 has told."""
    return _known({}, (status.logs or _NO_LOGS).spool.get("spool_bytes"))


def output(status: Status, _: Usage | None) -> Iterator[Sample]:
    """Yield PID 1's counters of bytes, which it names ``stdout_in_bytes`` and so on."""
    for name, count in (status.logs or _NO_LOGS).spool.items():
        stream, direction = _flow(name)
        if direction:
            yield {"stream": stream, "direction": direction}, float(count)


def faults(status: Status, _: Usage | None) -> Iterator[Sample]:
    """Yield PID 1's other counters, under its own names."""
    for name, count in (status.logs or _NO_LOGS).spool.items():
        if name != "spool_bytes" and not _flow(name)[1]:
            yield {"what": name}, float(count)


def _flow(name: str) -> tuple[str, str]:
    stream, _, direction = name.removesuffix("_bytes").rpartition("_")
    is_flow = name.endswith("_bytes") and direction in _DIRECTIONS
    return (stream, direction) if is_flow else (name, "")


def _known(labels: Labels, value: float | None) -> tuple[Sample, ...]:
    return () if value is None else ((labels, float(value)),)
