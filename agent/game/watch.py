"""Looking from outside who is there, by every source that has a chance to be believed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from .. import clock
from ..core.events import PlayersCounted, SourceHushed
from ..core.options import Options
from ..core.phases import Phase
from ..core.snapshot import Status
from ..core.sources import AUTO, Trust, chosen
from ..interfaces import Desk, GameLines
from . import a2s
from .a2swire import Info
from .connections import Connections
from .logpatterns import LogWatch, patterns
from .ports import Declared
from .traffic import is_shared
from .trafficwatch import TrafficWatch

A2S_TRIES = 3
"""Looks without any answer after which a game is taken to have none, unless it was chosen."""

_HELD = ("TCP", "WS", "WSS")  # protocols whose players hold a connection
_OPEN = (Phase.READY, Phase.IN_MATCH, Phase.DRAINING)
_ORDER = [each.value for each in Trust]
_API, _LOG, _A2S, _TCP, _TRAFFIC = _ORDER


Query = Callable[[int, float], Awaitable[Info | None]]
"""Asks the server on a port of loopback, for so many seconds; None = no answer."""


class PlayerWatch:
    """Owns the sources; sleeps without a timer while none of them is needed."""

    def __init__(  # noqa: PLR0913 - what it looks at, whom it tells
        self,
        options: Options,
        declared: Iterable[Declared],
        *,
        desk: Desk,
        lines: GameLines,
        read: Mapping[str, int],
        held: Iterable[int] = (),
        query: Query = a2s.query,
        proc: Path = Path("/proc"),
    ) -> None:
        """Take what to look at.

        Args:
            options: which sources, how often.
            declared: the ports that the app version declares.
            desk: where the state can be seen, where facts are handed in.
            lines: the game's output.
            read: by stream, how far those before us have read it.
            held: port numbers that we hold ourselves.
            query: asks for a server's A2S_INFO.
            proc: where the kernel's files are.
        """
        self._options = options
        self._sources = chosen(options.players)
        held = frozenset(held)
        ports = [each for each in declared if each.number not in held]
        self._tcp = [each.number for each in ports if "tcp" in each.transports]
        self._udp = [each.number for each in ports if "udp" in each.transports]
        # Who plays by UDP, or by one request after the other, holds no connection.
        self._is_mixed = not ports or any(each.protocol not in _HELD for each in ports)
        self._desk = desk
        self._post = desk.post
        self._lines = lines
        self._read = read
        self._held = held
        self._query = query
        self._proc = proc
        self._patience = min(a2s.ANSWER_SECONDS, options.players_period / 2)
        self._pid: int | None = None
        self._connections = Connections(0, (), ())
        self._traffic: TrafficWatch | None = None
        self._unanswered = 0
        self._hushed: set[str] = set()
        self._looks = {
            _A2S: self._look_by_a2s,
            _TCP: self._look_by_tcp,
            _TRAFFIC: self._look_by_traffic,
        }

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            if _LOG in self._sources and self._options.players_log:
                known = patterns(self._options.players_log)
                watch = LogWatch(self._lines, known, self._post)
                group.create_task(watch.run(self._read), name="log of players")
            group.create_task(self._look_around(), name="looks for players")

    async def _look_around(self) -> None:
        try:
            await self._look_for_ever()
        finally:
            self._rest()

    async def _look_for_ever(self) -> None:
        while True:
            status = self._desk.status()
            self._turn_to(status.game.pid if status.game.running else None)
            wanted = self._wanted(status)
            if not wanted:
                self._rest()
                await self._desk.changed(status.revision, None)
                continue
            async with asyncio.TaskGroup() as group:
                for name in wanted:
                    group.create_task(self._looks[name](), name=f"a look by {name}")
            await clock.wait(asyncio.Event(), self._options.players_period)

    def _wanted(self, status: Status) -> list[str]:
        """Return the sources worth a look: nobody more trusted has spoken.

        The game's own word makes all others needless. Connections may fall silent again, so
        traffic is looked at beside them; and stale players are known by it alone.
        """
        if status.phase not in _OPEN or not status.game.running:
            return []
        believed = status.players.source or _TRAFFIC
        if believed == _TCP:
            believed = _TRAFFIC
        wanted = [
            name
            for name in _ORDER
            if self._is_usable(name) and _ORDER.index(name) <= _ORDER.index(believed)
        ]
        if self._options.stale_players and self._is_usable(_TRAFFIC) and _TRAFFIC not in wanted:
            wanted.append(_TRAFFIC)
        return wanted

    def _is_usable(self, name: str) -> bool:
        if name not in self._sources or name in self._hushed:
            return False
        match name:
            case "a2s":
                return bool(self._a2s_ports)
            case "tcp":
                return bool(self._tcp) or not self._udp
            case "traffic":
                return self._is_mixed or bool(self._options.stale_players)
            case _:
                return False

    @property
    def _a2s_ports(self) -> list[int]:
        port = self._sources.get(_A2S)
        return [port] if port else self._udp

    def _turn_to(self, pid: int | None) -> None:
        """Begin anew with each life of the game."""
        if pid != self._pid:
            self._rest()
            self._pid = pid
            self._unanswered = 0
            self._hushed.clear()
            self._connections = Connections(pid or 0, self._tcp, self._held, self._proc)
            self._tell_of_the_log()

    def _tell_of_the_log(self) -> None:
        """Say why nothing can be read where lines were asked for."""
        note = ""
        if _LOG in self._sources and self._options.players_log and not self._lines.is_readable:
            note = "the output is kept in memory; set AGENT_SPOOL_DIR to a folder"
        elif _LOG in self._sources and self._options.players != AUTO:
            note = "no lines to look for; set AGENT_PLAYERS_LOG" * (not self._options.players_log)
        if note and self._pid is not None:
            self._hush(_LOG, note)

    def _rest(self) -> None:
        if self._traffic is not None:
            self._traffic.close()
            self._traffic = None

    async def _look_by_a2s(self) -> None:
        for port in self._a2s_ports:
            info = await self._query(port, self._patience)
            if info is not None:
                self._unanswered = -1
                players = max(0, info.players - info.bots)
                self._post(PlayersCounted(_A2S, players, capacity=info.max_players))
                return
        ports = ", ".join(map(str, self._a2s_ports))
        if self._unanswered >= 0 and self._options.players == AUTO:
            self._unanswered += 1
            if self._unanswered == A2S_TRIES:
                self._hush(_A2S, f"no answer on {ports}")
            return
        self._post(PlayersCounted(_A2S, note=f"no answer on {ports}"))

    async def _look_by_tcp(self) -> None:
        count, young = await asyncio.to_thread(self._connections.count, clock.now())
        if young and not count:
            self._post(PlayersCounted(_TCP, note=_young(young)))
        elif count or not self._is_mixed:
            self._post(PlayersCounted(_TCP, count))
        else:
            note = "no connection has stood for 5 s; who plays by UDP or HTTP has none"
            self._post(SourceHushed(_TCP, note))

    async def _look_by_traffic(self) -> None:
        assert self._pid is not None  # noqa: S101 - nothing is looked at without a game
        if self._traffic is None:
            if is_shared(self._proc):
                note = "off in the machine's own network, where others' packets count, too"
                self._hush(_TRAFFIC, note)
                return
            self._traffic = TrafficWatch(self._pid, self._proc)
        seen = await asyncio.to_thread(self._traffic.look, clock.now())
        if seen is not None:
            self._post(seen)

    def _hush(self, name: str, note: str) -> None:
        self._hushed.add(name)
        self._post(SourceHushed(name, note))


def _young(count: int) -> str:
    some = "1 connection is" if count == 1 else f"{count} connections are all"
    return f"{some} younger than 5 s"
