"""What a container uses, sampled from its process tree."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psutil  # type: ignore[import-untyped]
from msgspec import Struct

_MOST = 8_640  # a day of samples, one in ten seconds
_UNITS = 1024  # vCPU units of one core


class Sample(Struct, frozen=True):
    """What the tree had used by a moment."""

    at: datetime
    cpu: float  # seconds, of the processes that live
    memory: int  # bytes
    read: int  # bytes, from disk
    written: int


class Series(Struct, kw_only=True):
    """Schema ``MetricsModel``."""

    labels: list[str]
    datasets: list[int]
    timestamps: list[str]


class Totals(Struct, kw_only=True):
    """Bytes, step by step."""

    receive_total: Series
    transmit_total: Series
    disk_read_total: Series
    disk_write_total: Series


class Network(Struct, kw_only=True):
    """Bytes a second."""

    receive: Series
    transmit: Series


class Metrics(Struct, kw_only=True):
    """The answer of ``deployment-metrics-get``: vCPU units, bytes; no throttling is seen here."""

    total: Totals
    cpu: Series
    cpu_throttle_rate: Series
    cpu_throttle_total: Series
    mem: Series
    network: Network


class Usage:
    """The samples of one deployment.

    Attributes:
        pid: its main process; None while none runs.
    """

    def __init__(self) -> None:
        self.pid: int | None = None
        self._samples = deque[Sample]((), _MOST)

    def take(self) -> None:
        """Look at the tree once."""
        if self.pid is None:
            return
        try:
            root = psutil.Process(self.pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.Error:
            return
        seen = [part for process in tree if (part := _look(process))]
        if seen:
            cpu, memory, read, written = (sum(column) for column in zip(*seen, strict=True))
            now = datetime.now(UTC)
            self._samples.append(Sample(now, cpu, int(memory), int(read), int(written)))

    def metrics(self, begin: datetime | None, end: datetime | None, step: float) -> Metrics:
        """Return the samples of a span, each step's mean; network counters are not seen here."""
        samples = [
            sample
            for sample in self._samples
            if (begin is None or sample.at >= begin) and (end is None or sample.at <= end)
        ]
        steps = _split(samples, timedelta(seconds=step))
        nothing = _series(steps, lambda _: 0.0)
        return Metrics(
            total=Totals(
                receive_total=nothing,
                transmit_total=nothing,
                disk_read_total=_series(steps, lambda part: part[-1].read),
                disk_write_total=_series(steps, lambda part: part[-1].written),
            ),
            cpu=_series(steps, _load),
            cpu_throttle_rate=nothing,
            cpu_throttle_total=nothing,
            mem=_series(steps, lambda part: sum(s.memory for s in part) / len(part)),
            network=Network(receive=nothing, transmit=nothing),
        )


def _look(process: psutil.Process) -> tuple[float, int, int, int] | None:
    """Return CPU seconds, resident bytes, bytes read, bytes written."""
    try:
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info().rss
            disk = process.io_counters()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return None
    return times.user + times.system, memory, disk.read_bytes, disk.write_bytes


def _split(samples: Sequence[Sample], step: timedelta) -> list[list[Sample]]:
    parts: list[list[Sample]] = []
    for sample in samples:
        if parts and sample.at - parts[-1][0].at < step:
            parts[-1].append(sample)
        else:
            parts.append([sample])
    return parts


def _series(
    parts: Sequence[Sequence[Sample]], value: Callable[[Sequence[Sample]], float]
) -> Series:
    return Series(
        labels=[f"{part[0].at:%H:%M:%S}" for part in parts],
        datasets=[round(value(part)) for part in parts],
        timestamps=[f"{part[0].at:%Y-%m-%d %H:%M:%S.%f}"[:-3] for part in parts],
    )


def _load(part: Sequence[Sample]) -> float:
    """Return the vCPU units in use; a process that ended takes its share away with it."""
    spent = sum(max(0.0, later.cpu - earlier.cpu) for earlier, later in pairwise(part))
    seconds = (part[-1].at - part[0].at).total_seconds()
    return _UNITS * spent / seconds if seconds else 0.0
