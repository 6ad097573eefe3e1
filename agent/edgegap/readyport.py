"""Opening the port by which the platform sees that the game is ready."""

import asyncio
import logging
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress

from .. import clock
from ..core.readyport import is_wanted
from ..interfaces import Desk
from .ports import Port, Protocol

PAUSE_SECONDS = 0.05
"""After each connection: a flood costs twenty wake-ups a second, the rest waits or is refused."""

LOG = logging.getLogger("agent")

_BACKLOG = 64


class ReadyPort:
    """Listens on what PID 1 has bound; each connection is taken, then closed."""

    def __init__(self, fds: Iterable[int], desk: Desk, when_draining: str) -> None:
        """Take over the descriptors.

        Args:
            fds: of sockets that are bound; they outlive us in PID 1.
            desk: where the state can be seen.
            when_draining: AGENT_READY_PORT_DRAIN.
        """
        self._sockets = [socket.socket(fileno=fd) for fd in fds]
        for one in self._sockets:
            one.settimeout(0)
        self._desk = desk
        self._when_draining = when_draining
        self._is_open = False

    async def run(self) -> None:
        """Follow the state until cancelled; return at once where there is no such port."""
        if not self._sockets:
            return
        try:
            async with asyncio.TaskGroup() as group:
                await self._follow(group)
        finally:
            for one in self._sockets:
                one.close()

    async def _follow(self, group: asyncio.TaskGroup) -> None:
        while True:
            status = self._desk.status()
            wanted = is_wanted(status, self._when_draining)
            if wanted is True and not self._is_open:
                self._open(group)
            elif wanted is False and self._is_open:
                self._close()
            await self._desk.changed(status.revision, None)

    def _open(self, group: asyncio.TaskGroup) -> None:
        self._is_open = True
        for one in self._sockets:
            try:
                one.listen(_BACKLOG)
            except OSError as error:
                LOG.warning("cannot open the ready port: %s; the game must not use it", error)
                continue
            group.create_task(self._take(one), name="ready port")
        LOG.info("the ready port %d is open", self._sockets[0].getsockname()[1])

    def _close(self) -> None:
        self._is_open = False
        for one in self._sockets:
            with suppress(OSError):  # it never listened
                one.shutdown(socket.SHUT_RDWR)
        LOG.info("the ready port is closed: the deployment drains")

    async def _take(self, one: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while self._is_open:
            with suppress(OSError):  # shut meanwhile, or the caller is gone already
                peer, _ = await loop.sock_accept(one)
                peer.close()
            await clock.wait(asyncio.Event(), PAUSE_SECONDS)


def advice(wanted: str, ports: Mapping[str, Port]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is wrong with AGENT_READY_PORT, then what to know, as lines.

    Args:
        wanted: the setting.
        ports: the declared ones, by name; none where they are not known.
    """
    if not wanted:
        return (), ()
    found = [port for port in ports.values() if wanted in (port.name, str(port.internal))]
    if ports and not found:
        names = ", ".join(ports)
        return (f"AGENT_READY_PORT={wanted} is no declared port; name one of {names}",), ()
    if any(port.protocol is Protocol.UDP for port in found):
        return (f"AGENT_READY_PORT={wanted} is declared as UDP; declare it as TCP",), ()
    note = (
        f"AGENT_READY_PORT={wanted}: declare it in the app version as TCP with `to_check: true`,"
        " beside the game's own ports; the game must not use it"
    )
    return (), (note,)
