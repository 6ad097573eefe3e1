"""One deployment as its owner sees it."""

from agent import clock
from agent.errors import PlatformError

from . import variables
from .container import Output
from .faults import Fault
from .ledger import Ledger, Line, Record, SelfStopCalled, Status, StatusTurned
from .life import OVER, Life
from .version import Version


class Deployment:
    """A version that runs.

    Attributes:
        version: what was ordered.
        identity: its id, its stop key, its tokens.
        ports: with the numbers that this deployment was given.
        environment: what the container's main process starts with.
        life: what it has come to.
    """

    def __init__(self, version: Version, ledger: Ledger, origin: str) -> None:
        self.version = version
        self.identity = variables.Identity()
        self.ports = variables.assigned(version.ports)
        self.environment = variables.environment(version, self.identity, self.ports, origin)
        self._ledger = ledger
        self._faults = list(version.faults)
        self._output = Output(
            ledger.pulse, self._hear if version.on_line or ledger.hears_lines else None
        )
        self.life = Life(self.id, version, ledger, self._output)

    @property
    def id(self) -> str:
        """The deployment's id, also known as request id."""
        return self.identity.deployment

    @property
    def status(self) -> Status:
        """Where it stands."""
        return self.life.status

    @property
    def statuses(self) -> list[Status]:
        """The statuses that it has come through, in order."""
        return [turn.status for turn in self._ledger.of(self.id, StatusTurned)]

    @property
    def records(self) -> list[Record]:
        """What the platform saw of this deployment, in order."""
        return self._ledger.of(self.id, Record)

    @property
    def exit_status(self) -> int | None:
        """The container's last exit status; 128 + n where signal n ended it."""
        return self.life.exit_status

    @property
    def stdout(self) -> bytes:
        """What its container has written to its standard output, over all runs."""
        return bytes(self._output.streams["stdout"])

    @property
    def stderr(self) -> bytes:
        """What its container has written to its standard error, over all runs."""
        return bytes(self._output.streams["stderr"])

    @property
    def over(self) -> bool:
        """Whether its end has come."""
        return self.status in OVER

    async def wrote(self, text: str) -> None:
        """Wait until its container has written *text* to either stream.

        Raises:
            PlatformError: the deployment ended without it.
        """
        wanted, streams = text.encode(), self._output.streams
        seen = dict.fromkeys(streams, 0)

        def is_there() -> bool:
            for name, whole in streams.items():
                # Only what is new: to look through 40 MB at each chunk is slower than a game.
                if whole.find(wanted, max(0, seen[name] - len(wanted))) >= 0:
                    return True
                seen[name] = len(whole)
            return False

        await self._ledger.until(lambda: is_there() or self.over)
        if not is_there() and not any(wanted in whole for whole in streams.values()):
            raise PlatformError(f"cannot find {text!r}: {self.id} ended without writing it")

    async def recorded(self, kind: type[Record], times: int = 1) -> None:
        """Wait until so many records of one kind are there.

        Raises:
            PlatformError: the deployment ended without them.
        """

        def is_enough() -> bool:
            return len(self._ledger.of(self.id, kind)) >= times

        await self._ledger.until(lambda: self.over or is_enough())
        if not is_enough():
            raise PlatformError(f"cannot see {times} {kind.__name__}: {self.id} has ended")

    async def reached(self, status: Status) -> None:
        """Wait until it has come to *status*.

        Raises:
            PlatformError: it ended elsewhere.
        """
        await self._ledger.until(lambda: self.over or status in self.statuses)
        if status not in self.statuses:
            ended = f"{self.id} ended in {self.status.value}"
            raise PlatformError(f"cannot see {status.value}: {ended}")

    async def terminated(self) -> None:
        """Wait for its end, whatever it is."""
        await self._ledger.until(lambda: self.over)

    def mark_ready(self) -> None:
        """Let it become READY, as far as its checked ports allow."""
        self.life.mark_ready()

    def stop(self) -> None:
        """Stop it as its owner would, through the dashboard."""
        self.life.accept_stop("operator")

    def signal(self, signum: int) -> None:
        """Signal the container's main process, beside all rules."""
        self.life.signal(signum)

    def add_faults(self, *faults: Fault) -> None:
        """Queue what becomes of the next self-stop calls."""
        self._faults += faults

    def next_fault(self) -> Fault | None:
        """Return what becomes of this self-stop call, if anything."""
        return self._faults.pop(0) if self._faults else None

    def called(self, answer: str, storage: str | None) -> None:
        """Take down a self-stop call."""
        self._ledger.write(SelfStopCalled(clock.now(), self.id, answer, storage))

    def _hear(self, stream: str, text: str) -> None:
        """Pass on what the container wrote."""
        if self.version.on_line:
            self.version.on_line(stream, text)
        self._ledger.tell(Line(clock.now(), self.id, stream, text))
