"""The control API's listening sockets, which outlive every agent."""

import _socket
import errno
import posix
from _stat import S_ISSOCK

_BACKLOG = 1024
_TRIES = 16


class Listeners:
    """Sockets bound once, shut while no agent can answer, opened again with it.

    Attributes:
        url: what the game is told, or an empty string where nothing could be bound.
        tcp_url: the same where only TCP will do, as for the platform's own clients.
        port: the TCP port, 0 where none is bound.
        notices: what did not work, one line each.
    """

    def __init__(
        self,
        port: int,
        path: str,
        forbidden: set[int],
        setting: str = "AGENT_PORT",
        *,
        needs_tcp: bool = False,
    ) -> None:
        """Bind a Unix socket where a path is given; TCP where none is, or where it is needed.

        Args:
            port: the TCP port, 0 = any.
            path: of the Unix socket, or an empty string.
            forbidden: ports that are the game's.
            setting: where the port comes from.
            needs_tcp: there are clients that know no Unix socket.
        """
        self.notices: list[str] = []
        self._setting = setting
        self.path = path
        self.is_open = True
        self._unix: list[_socket.socket] = []
        self._tcp: list[_socket.socket] = []
        self.url = self.tcp_url = ""
        self.port = 0
        if path:
            self._open_unix(path)
        if needs_tcp or not path:
            self._open_tcp(port, forbidden)
        if not path:
            self.url = self.tcp_url

    def addresses(self) -> list[object]:
        """Return each address as the truth message names it, in the order of `fds`."""
        unix: list[object] = [self.path for _ in self._unix]
        return unix + [list(one.getsockname()[:2]) for one in self._tcp]

    def fds(self) -> list[int]:
        """Return the descriptors that an agent inherits."""
        return [one.fileno() for one in self._sockets()]

    def _sockets(self) -> list[_socket.socket]:
        return self._unix + self._tcp

    def shut(self) -> None:
        """Let callers be refused at once instead of waiting for an agent that never comes."""
        self.is_open = False
        for one in self._sockets():
            try:
                one.shutdown(_socket.SHUT_RDWR)
            except OSError:  # ENOTCONN: it was shut already
                pass

    def reopen(self) -> None:
        """Accept again; a TCP socket has kept its port meanwhile, so nobody took it."""
        if self.is_open:
            return
        self.is_open = True
        for one in self._tcp:
            one.listen(_BACKLOG)
        if self.path:
            self._discard_unix()
            self._open_unix(self.path)

    def discard(self) -> None:
        """Close all; take the Unix socket out of its folder."""
        self._tcp = _closed(self._tcp)
        self._discard_unix()

    def _discard_unix(self) -> None:
        self._unix = _closed(self._unix)
        if self.path:
            try:
                posix.unlink(self.path)
            except OSError:
                pass

    def _open_unix(self, path: str) -> None:
        try:
            if _is_stale(path):
                posix.unlink(path)
            one = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
            self._unix.append(one)
            before = posix.umask(0o177)  # 0600 from its first moment
            try:
                one.bind(path)
            finally:
                posix.umask(before)
            one.listen(_BACKLOG)
        except OSError as error:
            self.notices.append(
                f"cannot listen on AGENT_SOCKET={path}: {error.strerror}; "
                "name a path in a folder that can be written"
            )
            self._unix = _closed(self._unix)
            return
        quoted = path.replace("%", "%25").replace("/", "%2F").replace(" ", "%20")
        self.url = f"http+unix://{quoted}"

    def _open_tcp(self, wanted: int, forbidden: set[int]) -> None:
        port = 0 if wanted in forbidden else wanted
        for attempt in range(_TRIES):
            taken = self._bind_both(port, forbidden)
            if taken is None:
                break
            port = 0
            if attempt == _TRIES - 1:
                self.notices.append(f"cannot listen for {self._setting}: {taken}; free a port")
                return
        number = self._tcp[0].getsockname()[1]
        if wanted not in (0, number):
            why = "the game declares it" if wanted in forbidden else "it is taken"
            self.notices.append(
                f"cannot use {self._setting}={wanted}: {why}; {number} is used, the game is told"
            )
        self.port, self.tcp_url = number, f"http://127.0.0.1:{number}"

    def _bind_both(self, port: int, forbidden: set[int]) -> str | None:
        """Bind 127.0.0.1, then ::1 with the same number; return why it failed."""
        try:
            number = port or _free_port()
            if number in forbidden:
                return "a free port was one that the game declares"
            self._tcp = [_listen(_socket.AF_INET, "127.0.0.1", number)]
        except OSError as error:
            return error.strerror or str(error)
        try:
            self._tcp.append(_listen(_socket.AF_INET6, "::1", number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                self._tcp = _closed(self._tcp)
                return error.strerror
        return None


def _closed(sockets: list[_socket.socket]) -> list[_socket.socket]:
    """Close them without touching any path; return what is left of them."""
    for one in sockets:
        one.close()
    return []


def _free_port() -> int:
    """Return a port that is free now.

    Bound by its number afterwards: the kernel lets go of a number that it chose itself
    when the socket is shut.
    """
    one = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
    finally:
        one.close()


def _listen(family: int, host: str, port: int) -> _socket.socket:
    one = _socket.socket(family, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        # Connections of the container's former life may still be in TIME_WAIT.
        one.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        one.bind((host, port))
        one.listen(_BACKLOG)
    except OSError:
        one.close()
        raise
    return one


def _is_stale(path: str) -> bool:
    """Return whether a socket is left there from a former life of the container."""
    try:
        return S_ISSOCK(posix.stat(path).st_mode)
    except OSError:
        return False
