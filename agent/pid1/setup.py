"""What PID 1 makes before the game runs, in the order that keeps it safe."""

import posix
import sys

from ..errors import SettingsError
from . import harden, listeners, options, pipes, secrets, standins, terminal
from .game import Game


class Setup:
    """The things that PID 1 holds for its whole life.

    Attributes:
        options: PID 1's settings.
        born: boot-time seconds of our first instruction.
        boot: a random name of this life of the container.
        secrets: what only PID 1 knows, by variable name.
        deployment: the deployment's id.
        tells_platform: a game that is gone ends the deployment, whoever is left to say so.
        fault: why the game cannot be started as it was written down, or nothing.
        output_begins: where the output of the game's life begins, by stream.
        notices: one line each for the operator.
        is_pumping: the game's output is being relayed.
    """

    is_pumping = False

    def __init__(
        self, wanted: options.Options, environ: dict[str, str], block: bytes, born: float
    ) -> None:
        self.options = wanted
        self.born = born
        self.folder = _folder()
        self.boot = posix.urandom(8).hex()
        self.root = __file__.rpartition("/agent/")[0] or "/"
        self.notices = list(wanted.notices)
        self._visible, self.secrets = secrets.part(environ, wanted.secret_names)
        self.deployment = standins.deployment_id(self._visible, self.secrets)
        self.on_edgegap = bool(self.secrets.get("ARBITRIUM_DELETE_URL"))
        self.tells_platform = self.on_edgegap and not wanted.observes
        self.has_sink = any(
            value.strip() for name, value in self.secrets.items() if name == "AGENT_LOG_SINK"
        )
        self.waits_for_agent = (self.has_sink or wanted.echoes_files) or any(
            environ.get(name) for name in ("AGENT_ON_GAME_EXIT", "AGENT_ON_GAME_CRASH")
        )
        if not secrets.blank(block, wanted.secret_names):
            self.notices.append("cannot blank the secrets in /proc: it is not writable here")
        self.listeners = listeners.Listeners(
            wanted.port,
            wanted.socket,
            standins.declared_ports(environ),
            needs_tcp=standins.are_needed(self.secrets, wanted.secrets),
        )
        self.notices += self.listeners.notices
        self.faces = self._open_faces(environ) if wanted.sdk else None
        self.ready_port = self._open_ready_port() if wanted.ready_port else None
        if not harden.adopt_orphans():
            self.notices.append("cannot adopt orphans: we are not PID 1, nor a subreaper")
        self.game_fds: dict[int, int] = {}
        self.output_begins: dict[str, int] = {}
        self._writers: list[int] = []
        self._open_streams()
        self.fault = ""
        self.game = self._make_game()
        if not harden.hide():
            self.notices.append("cannot hide our memory: this Python has no ctypes")

    def doors(self) -> "dict[str, Door]":
        """Return all sockets for callers by name, in the order in which an agent inherits them."""
        doors: dict[str, Door] = {"control": self.listeners}
        if self.faces:
            doors |= self.faces.doors
        if self.ready_port:
            doors["ready"] = self.ready_port
        return doors

    def start_game(self) -> str:
        """Start the game; return why it cannot be started, or nothing."""
        try:
            posix.chdir(self.folder)  # each life begins where the first one did
        except OSError:
            pass  # it is gone: the game will say what it misses
        why = self.game.start()
        posix.chdir("/")
        if self.game.notice and self.game.notice not in self.notices:
            self.notices.append(self.game.notice)
        return why

    def start_pump(self) -> None:
        """Load the pump, begin to relay.

        The game's first lines wait in its pipe meanwhile, some 2 ms while it is loaded itself.
        """
        from . import pump, spool

        most = self.options.spool_max
        if self.has_sink and not self.options.spool_max_given:
            most = spool.SHIPPED_BYTES
        seal_seconds = spool.SHIPPED_SECONDS if self.has_sink else spool.NEVER
        self.spool = spool.open_spool(self.options.spool_dir, most, seal_seconds)
        self.notices += self.spool.notices
        self.pump = pump.Pump(self.spool, self.streams)
        self.pump.start()
        self.is_pumping = True
        for notice in self.notices:
            self.say(notice)

    def say(self, text: str) -> None:
        """Put a line of our own on stderr, between two lines of the game's."""
        self.pump.say(f"agent[pid1]: {text}\n".encode("utf-8", "replace"))

    def agent_environ(self) -> dict[str, str]:
        """Return the agent's variables."""
        return standins.agent_environ(self._visible, self.listeners.url)

    def close_doors(self) -> None:
        """Close the listening sockets; take what the game was told of them out of its folders."""
        self.listeners.discard()
        if self.faces:
            self.faces.discard()
        if self.ready_port:
            self.ready_port.discard()

    def close_streams(self) -> None:
        """Close our copies of what the game writes to, so that the pump sees the end."""
        for fd in self._writers:
            posix.close(fd)
        self._writers = []

    def _open_ready_port(self) -> "ReadyPort":
        from . import readyport

        opened = readyport.ReadyPort(self.options.ready_port, self._visible)
        self.notices += opened.notices
        return opened

    def _open_faces(self, environ: dict[str, str]) -> "Faces":
        from . import faces

        taken = standins.declared_ports(environ) | {self.listeners.port}
        opened = faces.Faces(self.options.sdk, self.options.sdk_ports, taken)
        opened.introduce(self._visible, self.boot)
        self.notices += opened.notices
        return opened

    def _open_streams(self) -> None:
        """Make the pipes; a stream that is a terminal goes to the game as it is."""
        self.streams: list[tuple[str, int, int]] = []
        for name, fd in (("stdout", 1), ("stderr", 2)):
            if posix.isatty(fd):
                self.notices.append(
                    f"the game has the terminal on {name}: its log is not kept; "
                    "run the container without a tty for that"
                )
                continue
            reader, writer = pipes.open_pipe()
            self._writers.append(writer)
            self.game_fds[fd] = writer
            self.streams.append((name, reader, fd))
        reader, self.agent_output = pipes.open_pipe()
        self._writers.append(self.agent_output)
        self.streams.append(("agent", reader, 2))
        self.files_output = -1
        if self.options.echoes_files:
            reader, self.files_output = pipes.open_pipe()
            self._writers.append(self.files_output)
            self.streams.append(("files", reader, 2))
        self.stdin = -1
        if not terminal.is_there():
            self.game_fds[0], self.stdin = posix.pipe2(posix.O_CLOEXEC)
            posix.set_blocking(self.stdin, False)

    def _make_game(self) -> Game:
        visible = self._visible
        if self._has_templates():
            from . import prepare

            try:
                self.options.command, visible = prepare.fill(
                    self.options.command, visible, self.options.templates, self.options.user
                )
            except SettingsError as error:
                self.fault = str(error)
        environ = standins.game_environ(
            visible,
            self.secrets,
            self.listeners.url,
            self.options.secrets,
            self.listeners.tcp_url,
        )
        if self.faces:
            environ |= self.faces.environ
        user = self.options.user
        if user is not None:
            self._give_to(user, environ)
        return Game(
            self.options.command,
            environ,
            self.game_fds,
            own_session=self.options.setsid,
            alone=self.options.single_child,
            user=user if posix.getuid() == 0 else None,
        )

    def _has_templates(self) -> bool:
        """Return whether there is anything to fill; looking costs microseconds."""
        if self.options.templates or any("{{" in word for word in self.options.command):
            return True
        return any("{{" in value for value in self._visible.values())

    def _give_to(self, user: "User", environ: dict[str, str]) -> None:
        if posix.getuid() != 0:
            if posix.getuid() != user.uid:
                self.notices.append(
                    f"cannot run the game as AGENT_GAME_USER={self.options.game_user}: "
                    f"we are uid {posix.getuid()}, only root can change it"
                )
            return
        if user.home:
            environ["HOME"] = user.home
        if self.faces:
            self.faces.give_to(user.uid, user.gid)
        for fd in self.game_fds.values():
            # So that the game can open /dev/stdout: that opens the pipe by its inode.
            posix.fchown(fd, user.uid, user.gid)


def _folder() -> str:
    try:
        return posix.getcwd()
    except OSError:  # it was removed
        return "/"


assert sys.platform == "linux"  # noqa: S101 - for mypy: posix has memfd_create only there

TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import before the game
if TYPE_CHECKING:
    from .faces import Faces
    from .identity import User
    from .readyport import ReadyPort

    Door = listeners.Listeners | ReadyPort
