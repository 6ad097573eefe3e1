"""The agent as PID 1's child: started, watched, started again."""

import posix
import sys

from . import harden, signals, spawn, wire
from .channel import Channel

NEVER = float("inf")
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0
_STEADY_SECONDS = 10.0  # one that lived so long is started again without a longer delay
_FAILURES = 5  # in a row, before hello; then callers are refused instead of left waiting
_DOUBTFUL_FAILURES = 2  # from here on the settings are suspected
_RETRY_SECONDS = 60.0
_SILENT_SECONDS = 0.15
_HUNG_SECONDS = 5.0
_MISSED_LOOKS = 2
_BEAT_BYTES = 8
_STATE_BYTES = wire.SLOTS_OFFSET + 2 * wire.SLOT_BYTES


class Agents:
    """One process at a time, and what outlives it: the descriptors that each one inherits.

    Attributes:
        pid: of the living process, 0 between two.
        greeted: it has said hello, so it can be relied on.
        ever_greeted: one of them has.
        starts: how many were started.
        failures: deaths before hello, in a row.
        rescuing: the process is `agent.rescue`, which only tells the platform.
    """

    def __init__(
        self, root: str, environ: dict[str, str], output: int, doors: "list[Door]", files: int = -1
    ) -> None:
        self.pid = 0
        self.greeted = False
        self.ever_greeted = False
        self.starts = 0
        self.failures = 0
        self.rescuing = False
        self.channel: Channel | None = None
        self._root = root
        self._environ = environ
        self._output = output
        self._doors = doors
        self._null = posix.open("/dev/null", posix.O_RDWR | posix.O_CLOEXEC)
        self._files = self._null if files < 0 else files
        self._state = posix.memfd_create("agent-state", posix.MFD_CLOEXEC)
        posix.ftruncate(self._state, _STATE_BYTES)  # sparse: it costs what is written
        self._settings = _empty_settings()
        self._start_at = 0.0
        self._started_at = 0.0
        self._quick_deaths = 0
        self._asked_at = NEVER  # when it was told something that it has to answer
        self._look_at = NEVER
        self._beat = b""
        self._missed = 0

    @property
    def given_up(self) -> bool:
        """Whether none is up and none is expected within the next seconds."""
        return self.pid == 0 and self.failures >= _FAILURES

    def is_alone(self, now: float) -> bool:
        """Return whether PID 1 has to act by itself: nobody answers."""
        return not self.greeted or now >= self._asked_at + _SILENT_SECONDS

    def due(self) -> float:
        """Return when `look` has something to do."""
        if self.pid == 0:
            return self._start_at
        hung_at = self._asked_at + _HUNG_SECONDS
        return min(self._look_at, hung_at)

    def silent_at(self) -> float:
        """Return when the agent counts as silent if it does not answer meanwhile."""
        return self._asked_at + _SILENT_SECONDS

    def look(self, now: float) -> str:
        """Start one that is due, kill one that hangs; return a line for the operator if any."""
        if self.pid == 0:
            return self._start(now) if now >= self._start_at else ""
        if now >= self._asked_at + _HUNG_SECONDS:
            self._asked_at = NEVER
            return self.kill("it did not answer for 5 s")
        if now < self._look_at:
            return ""
        self._look_at = now + wire.LOOK_SECONDS
        beat = posix.pread(self._state, _BEAT_BYTES, wire.HEARTBEAT_OFFSET)
        # Looks are counted, not seconds: a machine that slept is no reason to kill.
        self._missed = self._missed + 1 if beat == self._beat else 0
        self._beat = beat
        if self._missed >= _MISSED_LOOKS:
            return self.kill("its heartbeat stands still")
        return ""

    def rescue(self) -> None:
        """Put `agent.rescue` in the agent's place."""
        if not self.rescuing:
            self.rescuing = True
            self._start_at = 0.0

    def kill(self, why: str) -> str:
        """End the process; its exit status comes back through `exited`."""
        if self.pid == 0:
            return ""
        try:
            posix.kill(self.pid, signals.SIGKILL)
        except OSError:
            pass
        return f"killed the {self.name}: {why}"

    def exited(self, now: float) -> None:
        """Note that it was reaped, and when the next one is due."""
        self.pid = 0
        self._asked_at = NEVER
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        self.failures = 0 if self.greeted else self.failures + 1
        self.greeted = False
        steady = now - self._started_at >= _STEADY_SECONDS
        self._quick_deaths = 1 if steady else self._quick_deaths + 1
        delay = min(_FIRST_DELAY * 2 ** min(self._quick_deaths - 1, 10), _LONGEST_DELAY)
        if self.rescuing or self.failures >= _FAILURES:
            delay = _RETRY_SECONDS
            for door in self._doors:
                door.shut()
        self._start_at = now + delay

    def hello(self) -> None:
        """Note that it is up."""
        self.greeted = self.ever_greeted = True
        self.failures = 0

    def heard(self) -> None:
        """Note that it has said something."""
        self._asked_at = NEVER

    def expect(self, now: float) -> None:
        """Note that a word from it is due."""
        self._asked_at = min(self._asked_at, now)

    def tell(self, message: dict[str, object], now: float, *, answer: bool) -> bool:
        """Send a message to an agent that is up; *answer* = it counts as silent without one.

        Returns False where the message was dropped, so that the whole truth must follow.
        """
        if self.channel is None or not self.greeted:
            return True  # it asks for the truth itself
        if answer:
            self.expect(now)
        return self.channel.send(message)

    def _start(self, now: float) -> str:
        for door in self._doors:
            door.reopen()
        try:
            self.channel = Channel()
        except OSError as error:
            self.exited(now)
            return f"cannot start the {self.name}: {error.strerror}; it is tried again"
        argv = wire.command(sys.executable, self._root, *self._module())
        fds = {
            0: self._null,
            1: self._output,
            2: self._output,
            wire.CHANNEL: self.channel.child_fd,
            wire.STATE: self._state,
            wire.SETTINGS: self._settings,
        }
        if not self.rescuing:
            inherited = [fd for door in self._doors for fd in door.fds()]
            fds |= {wire.FILES: self._files, **dict(enumerate(inherited, wire.LISTEN))}
        self.starts += 1
        self._started_at = now
        self._look_at = now + wire.LOOK_SECONDS
        self._missed = 0
        try:
            self.pid = spawn.spawn(argv, self._environ, fds, own_session=True)
        except OSError as error:
            self.channel.handed_over()
            self.exited(now)
            return f"cannot start the {self.name}: {error.strerror}; it is tried again"
        self.channel.handed_over()
        harden.rank_agent(self.pid)
        return ""

    def _module(self) -> list[str]:
        """Return what to run: once configured, a new agent skips the configuration.

        Two failures in a row turn it round: settings that no service could use are thrown
        away, and a configuration that never came to an end is replaced by the defaults.
        """
        if self.rescuing:
            return ["agent.rescue"]
        configured = posix.fstat(self._settings).st_size > 0
        if self.failures < _DOUBTFUL_FAILURES:
            return ["agent.wiring"] if configured else ["agent.configure"]
        if not configured:
            return ["agent.wiring", "--defaults"]
        posix.close(self._settings)
        self._settings = _empty_settings()
        return ["agent.configure"]

    @property
    def name(self) -> str:
        """What the operator is told that it is."""
        return "rescue" if self.rescuing else "agent"


def _empty_settings() -> int:
    return posix.memfd_create("agent-settings", posix.MFD_CLOEXEC | posix.MFD_ALLOW_SEALING)


TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from .setup import Door
