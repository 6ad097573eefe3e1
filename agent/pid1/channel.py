"""PID 1's end of the channel to one agent."""

import _socket
import json

_DATAGRAM_MAX = 64 << 10  # a longer one is cut by the kernel, so it counts as malformed


class Channel:
    """A fresh SOCK_SEQPACKET pair: JSON objects, one a datagram; sending never waits.

    Only our own child has the other end, so nobody else can speak on it.

    Attributes:
        malformed: how many datagrams were no JSON objects.
        is_open: the agent has not closed its end.
    """

    def __init__(self) -> None:
        kind = _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC
        self._ours, self._theirs = _socket.socketpair(_socket.AF_UNIX, kind, 0)
        self.malformed = 0
        self.is_open = True

    @property
    def fd(self) -> int:
        """Our descriptor, to be polled."""
        return self._ours.fileno()

    @property
    def child_fd(self) -> int:
        """The agent's descriptor, until `handed_over`."""
        return self._theirs.fileno()

    def handed_over(self) -> None:
        """Close our copy of the agent's end, so that its death is an end of file."""
        self._theirs.close()

    def send(self, message: dict[str, object]) -> bool:
        """Send one message; return False where the agent does not read (EAGAIN) or is gone."""
        try:
            self._ours.send(json.dumps(message).encode(), _socket.MSG_DONTWAIT)
        except OSError:
            return False
        return True

    def receive(self) -> list[dict[str, object]]:
        """Return what the agent has said; whatever is no JSON object is counted, not kept."""
        messages: list[dict[str, object]] = []
        while True:
            try:
                datagram = self._ours.recv(_DATAGRAM_MAX, _socket.MSG_DONTWAIT)
            except OSError:
                return messages
            if not datagram:
                return messages
            message = _decode(datagram)
            if message is None:
                self.malformed += 1
            else:
                messages.append(message)

    def close(self) -> None:
        """Close our end."""
        self._ours.close()


def _decode(datagram: bytes) -> dict[str, object] | None:
    try:
        message = json.loads(datagram)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
