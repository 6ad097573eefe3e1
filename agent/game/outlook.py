"""Everything that looks at the game from outside."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..core.options import Options
from ..core.phases import Phase
from ..core.readiness import looks_at_ports
from ..interfaces import Desk, GameLines
from .ports import Declared, PortProbe
from .watch import PlayerWatch

if TYPE_CHECKING:  # loaded only where conditions are set
    from .conditionwatch import ConditionWatch

_PLAIN = ("auto", "api")


class Outlook:
    """Ports, conditions, players: each is looked at while that can change something."""

    def __init__(
        self,
        options: Options,
        declared: Iterable[Declared],
        held: Iterable[int],
        *,
        desk: Desk,
        lines: GameLines,
        read: Mapping[str, int],
    ) -> None:
        """Take what is looked at, whom to tell.

        Args:
            options: the settings.
            declared: the ports that the app version declares.
            held: numbers that we hold ourselves.
            desk: where the state can be seen, where facts are handed in.
            lines: the game's output.
            read: how far it was read for players, by stream.
        """
        self._desk = desk
        self._looks_at_ports = looks_at_ports(options)
        declared, held = tuple(declared), frozenset(held)
        self._ports = PortProbe(post=desk.post, declared=declared, held=held)
        self._conditions: ConditionWatch | None = None
        if options.ready_when not in _PLAIN or options.health_when:
            from . import conditionwatch, looks

            looking = looks.Looks(declared, held)
            self._conditions = conditionwatch.ConditionWatch(
                options, looking, desk=desk, lines=lines
            )
        self._players = PlayerWatch(
            options, declared, desk=desk, lines=lines, read=read, held=held
        )

    def life(self, begins: Mapping[str, int]) -> None:
        """Take where the output of the game's life begins, by stream."""
        if self._conditions is not None:
            self._conditions.life(begins)

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as looks:
            looks.create_task(self._ports.run(), name="ports")
            if self._conditions is not None:
                looks.create_task(self._conditions.run(), name="conditions")
            looks.create_task(self._players.run(), name="players")
            if self._looks_at_ports:
                looks.create_task(self._point(), name="readiness")

    async def _point(self) -> None:
        """Have the game's ports looked at while that can still make it ready."""
        watched: int | None = None
        while True:
            status = self._desk.status()
            pid = status.game.pid if status.phase is Phase.STARTING else None
            if pid is None:
                self._ports.rest()
            elif pid != watched:
                self._ports.watch(pid)
            watched = pid
            await self._desk.changed(status.revision, None)
