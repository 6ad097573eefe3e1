"""The game's process: started, signalled, ended."""

import posix
from errno import EMFILE

from . import boottime, harden, signals, spawn, terminal


class Game:
    """One command with its environment, and the life of the process that runs it.

    Attributes:
        pid: of the running process or of the last one; 0 before the first.
        status: raw wait status once it was reaped.
        signalled: this life has had its stop signal.
        aborted: this life has had its hang signal.
        killed: we had to end this life with SIGKILL.
        fault: the exit code of a command that cannot be run, 0 otherwise.
    """

    def __init__(
        self,
        command: list[str],
        environ: dict[str, str],
        fds: dict[int, int],
        *,
        own_session: bool,
        alone: bool,
        user: "User | None" = None,
    ) -> None:
        self.command = command
        self.environ = environ
        self.fds = fds
        self.user = user
        self.pid = 0
        self.started_at = 0.0
        self.exited_at: float | None = None
        self.status: int | None = None
        self.leader_status: int | None = None
        self.signalled = False
        self.aborted = False
        self.killed = False
        self.fault = 0
        self.notice = ""
        self._own_session = own_session and not terminal.is_there()
        self._alone = alone
        self._score = harden.inherited_score()

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.pid != 0 and self.status is None

    @property
    def is_gone(self) -> bool:
        """Whether the leader was reaped, and nobody is left who was signalled with it.

        A shell wrapper dies of the stop signal at once; the server that it started, as Unreal's
        packaged script does, has had its signal too and is still saving.
        """
        if self.leader_status is None or self.status is not None:
            return False
        if not (self.signalled or self.aborted) or self.killed or self._alone:
            return True
        try:
            posix.killpg(self.pid, 0)
        except OSError:
            return True
        return False

    def start(self) -> str:
        """Start it, or start it again; return why that cannot be done, or nothing.

        Raises:
            OSError: our own descriptors leave none for that; it is no fault of the command.
        """
        try:
            self.pid = self._spawn(self.command)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno == EMFILE:
                raise
            from . import complaints

            self.fault, why = complaints.explain(self.command, error, self.environ)
            return why
        self.started_at = boottime.now()
        self.status = self.exited_at = self.leader_status = None
        self.signalled = self.aborted = self.killed = False
        self.fault = 0
        harden.rank_game(self.pid, self._score)
        if terminal.is_there():
            terminal.lend(self.pid)
        return ""

    def exited(self, status: int) -> None:
        """Note that it was reaped."""
        self.status = status
        self.exited_at = boottime.now()

    def signal(self, signum: int) -> None:
        """Send a signal to its process group, or to the process alone where that is wanted."""
        if not self.is_running:
            return
        try:
            if self._alone:
                posix.kill(self.pid, signum)
            else:
                posix.killpg(self.pid, signum)
        except OSError:
            pass  # it left the group, or it changed to a user whom we may not signal

    def abort(self, signum: int) -> None:
        """Send the hang signal, once a life: a second one would cut the call stack short."""
        if not self.aborted:
            self.aborted = True
            self.signal(signum)

    def kill(self, agent_pid: int) -> None:
        """End it with SIGKILL, with all that it has started; the agent is spared."""
        from . import processes

        self.killed = self.killed or self.is_running
        self.signal(signals.SIGKILL)
        processes.kill_below(posix.getpid(), agent_pid)

    def _spawn(self, command: list[str]) -> int:
        try:
            return spawn.spawn(
                command, self.environ, self.fds, own_session=self._own_session, user=self.user
            )
        except OSError as error:
            from . import complaints

            path = complaints.shell_script(command, error, self.environ)
            if not path:
                raise
            self.notice = f"{path} has no #! line: /bin/sh runs it"
            return self._spawn(["/bin/sh", path, *command[1:]])


TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from .identity import User
