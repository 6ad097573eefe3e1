"""Traffic as a source of players, look by look."""

from pathlib import Path

from ..core.events import PlayersCounted
from ..core.sources import Trust
from .sniffing import Sniffer
from .traffic import FLOOR, Counters, judge, read_counters

_NAME = Trust.TRAFFIC.value


class TrafficWatch:
    """Compares each look with the one before; looks into datagrams where that is allowed."""

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        """Begin to watch the network of a process."""
        self._pid = pid
        self._proc = proc
        self._last: tuple[float, Counters] | None = None
        try:
            self._sniffer: Sniffer | None = Sniffer()
        except OSError:  # counters alone: browsers' questions count as traffic, too
            self._sniffer = None

    def close(self) -> None:
        """Watch no more."""
        if self._sniffer is not None:
            self._sniffer.close()
            self._sniffer = None

    def look(self, now: float) -> PlayersCounted | None:
        """Return what came in since the last look; None at the first one."""
        seconds = now - self._last[0] if self._last else 0.0
        sample = self._sniffer.look(seconds) if self._sniffer else None
        try:
            counters = read_counters(self._pid, self._proc)
        except (OSError, ValueError, IndexError) as error:
            self._last = None
            return PlayersCounted(_NAME, note=f"cannot read the kernel's counters: {error}")
        before, self._last = self._last, (now, counters)
        if before is None or not seconds:
            return None
        verdict = judge(before[1], counters, seconds, sample)
        if verdict.somebody:
            return PlayersCounted(_NAME, verdict.peers, crowd=True)
        if verdict.nobody:
            return PlayersCounted(_NAME, 0)
        note = f"{FLOOR:g} packets a second or more, but not of players by UDP"
        return PlayersCounted(_NAME, note=note)
