"""The port by which the platform sees that the game is ready, bound before the game starts."""

import _socket

_ANYWHERE = ((_socket.AF_INET, "0.0.0.0"), (_socket.AF_INET6, "::"))  # noqa: S104 - the platform comes from outside
_PORT_MAX = 65_535


class ReadyPort:
    """Bound but not listening, so that who connects is refused until an agent listens.

    It is a door as `listeners.Listeners` is one, but an open one stays so without an agent:
    the platform only wants to be connected.

    Attributes:
        notices: what did not work, one line each.
    """

    def __init__(self, wanted: str, environ: dict[str, str]) -> None:
        """Bind it.

        Args:
            wanted: a declared port's name, or a number.
            environ: where the declared ports are.
        """
        self.notices: list[str] = []
        self._sockets: list[_socket.socket] = []
        number = _number(wanted, environ)
        if not number:
            self.notices.append(
                f"cannot open AGENT_READY_PORT={wanted}: no such port is declared; declare it as"
                " TCP, or write a declared port's name"
            )
            return
        try:
            self._bind(number)
        except OSError as error:
            self.discard()
            self.notices.append(
                f"cannot open AGENT_READY_PORT={wanted}: port {number}: {error.strerror}; name"
                " one that nobody uses"
            )

    def addresses(self) -> list[object]:
        """Return each address as the truth message names it, in the order of `fds`."""
        return [list(one.getsockname()[:2]) for one in self._sockets]

    def fds(self) -> list[int]:
        """Return the descriptors that an agent inherits."""
        return [one.fileno() for one in self._sockets]

    def shut(self) -> None:
        """Leave it as it is: whether an agent is up says nothing of the game."""

    def reopen(self) -> None:
        """Leave it as it is, likewise."""

    def discard(self) -> None:
        """Close it."""
        for one in self._sockets:
            one.close()
        self._sockets = []

    def _bind(self, number: int) -> None:
        for family, host in _ANYWHERE:
            try:
                one = _socket.socket(family, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
            except OSError:  # a kernel without IPv6
                continue
            self._sockets.append(one)
            # Connections of the container's former life may still be in TIME_WAIT.
            one.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            if family == _socket.AF_INET6:
                one.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 1)
            one.bind((host, number))


def _number(wanted: str, environ: dict[str, str]) -> int:
    """Return the port's number inside, 0 where there is none."""
    if not wanted.isdecimal():
        from . import injected

        wanted = injected.names(environ).get(f"ports.{wanted}.internal", "")
    number = int(wanted) if wanted.isdecimal() else 0
    return number if number <= _PORT_MAX else 0
