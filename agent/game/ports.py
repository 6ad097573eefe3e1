"""Which of the declared ports the game's process tree has bound."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .. import clock
from ..core.events import Event, PortsChecked
from .sockets import Bound, read_bound
from .tree import descendants, held_sockets, holder, lists_children

LOOK_SECONDS = 1.0
LONGEST_PAUSE = 5.0
MAX_OTHER = 8
EPHEMERAL_FROM = 32_768  # Linux's own default, where the range cannot be read

_BOTH = frozenset({"tcp", "udp"})
_TRANSPORTS = {"UDP": frozenset({"udp"}), "TCP/UDP": _BOTH}
_TCP = frozenset({"tcp"})


@dataclass(frozen=True, slots=True)
class Declared:
    """A port that the app version declares.

    Attributes:
        name: as the version calls it.
        number: the internal one, where the game listens.
        protocol: ``UDP``, ``TCP``, ``TCP/UDP``, ``HTTP``, ``HTTPS``, ``WS`` or ``WSS``.
    """

    name: str
    number: int
    protocol: str

    @property
    def transports(self) -> frozenset[str]:
        """Where to look for it: of TCP/UDP either will do, HTTP or WS is TCP underneath."""
        return _TRANSPORTS.get(self.protocol, _TCP)

    def is_bound_by(self, socket: Bound) -> bool:
        """Return whether the socket answers on this port."""
        return socket.port == self.number and socket.transport in self.transports


@dataclass(frozen=True, slots=True)
class Look:
    """One look.

    Attributes:
        checked: what was seen.
        by_inode: the sockets are the game's own; otherwise its descriptors belong to another
            uid, so that anybody's socket in its network namespace counts.
    """

    checked: PortsChecked
    by_inode: bool


def pause_after(seconds: float) -> float:
    """Return how long to wait for the next look at a game that has been starting so long.

    What took a minute is seen 5 s later at most, a tenth of what it took.
    """
    return min(LONGEST_PAUSE, max(LOOK_SECONDS, seconds / 10))


def look(
    pid: int, declared: Iterable[Declared], held: frozenset[int], proc: str = "/proc"
) -> Look:
    """Return which ports the tree of *pid* has bound beyond loopback.

    Args:
        pid: the game's first process.
        declared: the ports to look for; without any, every port below the ephemeral range.
        held: numbers that we hold ourselves, which are nobody's business here.
        proc: where the kernel's files are.
    """
    root = Path(proc)
    asked = [port for port in declared if port.number not in held]
    transports = frozenset[str]().union(*(port.transports for port in asked)) or _BOTH
    try:
        sockets = read_bound(root / str(pid) / "net", transports)
    except OSError:  # the game is gone, which PID 1 tells
        sockets = []
    if asked:
        candidates = [one for one in sockets if any(port.is_bound_by(one) for port in asked)]
    else:
        below = _ephemeral_from(root)
        candidates = [one for one in sockets if one.port < below and one.port not in held]
    mine, by_inode = _of_the_tree(pid, candidates, root)
    checked = replace(_checked(asked, mine), certain=by_inode)
    others = [one for one in candidates if one not in mine]
    if asked and checked.missing and others:
        checked = replace(checked, taken=tuple(_taken(asked, checked.missing, others, root)))
    return Look(checked, by_inode)


def _taken(
    asked: list[Declared], missing: tuple[str, ...], others: list[Bound], root: Path
) -> Iterator[str]:
    """Yield a line for each declared port that is not the game's although it is bound."""
    for port in asked:
        inodes = frozenset(one.inode for one in others if port.is_bound_by(one))
        if port.name in missing and inodes:
            who = holder(inodes, root)
            yield (
                f"port {port.name} ({port.protocol} {port.number}) is held by {who}, so the game"
                " can't bind it; stop that, or change the port"
            )


def _of_the_tree(pid: int, candidates: list[Bound], root: Path) -> tuple[list[Bound], bool]:
    """Leave the game's own; walk its descriptors only where that can make a difference."""
    if not candidates:
        return [], True
    wanted = frozenset(one.inode for one in candidates)
    holds = held_sockets(descendants(pid, root), wanted, root)
    if not (holds.is_whole and lists_children(pid, root)):
        return candidates, False
    return [one for one in candidates if one.inode in holds.inodes], True


def _checked(asked: list[Declared], sockets: list[Bound]) -> PortsChecked:
    if not asked:
        seen = sorted({(one.port, one.transport) for one in sockets})
        other = tuple(f"{transport}:{port}" for port, transport in seen[:MAX_OTHER])
        return PortsChecked(bound=(), missing=(), other=other)
    bound = [port.name for port in asked if any(port.is_bound_by(one) for one in sockets)]
    missing = [port.name for port in asked if port.name not in bound]
    return PortsChecked(bound=tuple(bound), missing=tuple(missing))


def _ephemeral_from(root: Path) -> int:
    """Return where the kernel's own choice of ports begins: below it a port was chosen."""
    try:
        text = (root / "sys/net/ipv4/ip_local_port_range").read_text()
        return int(text.split()[0])
    except (OSError, ValueError, IndexError):
        return EPHEMERAL_FROM


class PortProbe:
    """Looks at the game's ports until all are bound, then rests without a timer."""

    def __init__(
        self,
        *,
        post: Callable[[Event], object],
        declared: Iterable[Declared],
        held: Iterable[int] = (),
        wait: Callable[[asyncio.Event, float], Awaitable[bool]] = clock.wait,
        look: Callable[[int, Iterable[Declared], frozenset[int]], Look] = look,
    ) -> None:
        """Take what is looked for, whom to tell.

        Args:
            post: takes ``PortsChecked``: the first look at a game, then each that differs.
            declared: the ports that the readiness rule waits for.
            held: numbers that we hold ourselves.
            wait: waits for an event, so many seconds at most.
            look: has one look.
        """
        self._post = post
        self._declared = tuple(declared)
        self._held = frozenset(held)
        self._wait = wait
        self._look = look
        self._pid: int | None = None
        self._turned = asyncio.Event()
        self.by_inode: bool | None = None

    def watch(self, pid: int) -> None:
        """Look at this process tree from now on; the game was started, maybe again."""
        self._pid = pid
        self._turned.set()

    def rest(self) -> None:
        """Stop looking: the game is ready, or over."""
        self._pid = None
        self._turned.set()

    async def run(self) -> None:
        """Look when asked to, until cancelled."""
        while True:
            await self._turned.wait()
            self._turned.clear()
            if self._pid is not None:
                await self._watch(self._pid)

    async def _watch(self, pid: int) -> None:
        """Look once a period, until all is bound or something else is asked."""
        known: PortsChecked | None = None
        waited = 0.0
        while not self._turned.is_set():
            # Aside: a throttled container can make /proc slow, the API answers meanwhile.
            seen = await asyncio.to_thread(self._look, pid, self._declared, self._held)
            if self._turned.is_set():
                return  # what was seen is of another time
            self.by_inode = seen.by_inode
            if seen.checked != known:
                known = seen.checked
                self._post(known)
            if _is_settled(known):
                return
            pause = pause_after(waited)
            waited += pause
            await self._wait(self._turned, pause)


def _is_settled(checked: PortsChecked) -> bool:
    return not checked.missing and bool(checked.bound or checked.other)
