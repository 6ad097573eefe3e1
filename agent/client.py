"""The command line's client of the control API, from the standard library alone."""

import json
from collections.abc import Iterator, Mapping

from . import whereabouts
from .errors import RequestError, SettingsError, UnreachableError

ANSWER_SECONDS = 5.0  # a verb is answered at once, unless the agent is just being restarted
SILENCE_SECONDS = 30.0  # a stream of events has a beat each 10 s
_MOST_BYTES = 16 * 1024 * 1024
_REFUSED = 400
_HTTP, _UNIX = "http://", "http+unix://"

Answer = dict[str, object]


def address(environ: Mapping[str, str], url: str = "", socket: str = "") -> str:
    """Return where the agent is: what was asked for, else what we are told, by it at last."""
    if url or socket:
        return url or f"{_UNIX}{socket}"
    if told := environ.get("AGENT_URL"):
        return told
    if path := environ.get("AGENT_SOCKET"):
        return f"{_UNIX}{path}"
    if left := whereabouts.find(environ):
        return left
    port = environ.get("AGENT_PORT", "").strip()
    known = port.isascii() and port.isdecimal() and int(port) > 0
    return f"{_HTTP}127.0.0.1:{port}" if known else whereabouts.DEFAULT_URL


class Client:
    """One agent, at ``http://host:port`` or ``http+unix://path``."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._headers = {"Host": "localhost", "Accept": "application/x-ndjson, application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: object = None) -> Answer:
        """Return what the agent answers.

        Raises:
            UnreachableError: no agent answers there in time.
            RequestError: it refuses; the message is its own.
            SettingsError: the address is none.
        """
        text = "".join(self._exchange(method, path, body, ANSWER_SECONDS))
        return self._read(text)

    def follow(self, path: str) -> Iterator[Answer]:
        """Yield what a stream tells, a JSON object a line, until it ends; errors as ``call``."""
        for line in self._exchange("GET", path, None, SILENCE_SECONDS):
            if line.strip():
                yield self._read(line)

    def _exchange(self, method: str, path: str, body: object, seconds: float) -> Iterator[str]:
        from http.client import HTTPException

        data = None if body is None else json.dumps(body).encode()
        connection = _connection(self.url, seconds)
        try:
            if self.url.startswith(_UNIX):
                connection.sock.connect(_socket_path(self.url))
            connection.request(method, path, body=data, headers=self._headers)
            response = connection.getresponse()
            if response.status >= _REFUSED:
                raise self._refusal(response.status, response.read(_MOST_BYTES).decode())
            while line := response.readline(_MOST_BYTES):
                yield line.decode()
        except TimeoutError:
            raise UnreachableError(
                f"the agent at {self.url} was silent for {seconds:g} s; it may be restarting: "
                "try again, then look at the container's log"
            ) from None
        except OSError as error:
            raise UnreachableError(
                f"no agent at {self.url}; is the game running under it? From outside the "
                "container try: docker exec NAME arbitrium-agent status"
            ) from error
        except (HTTPException, UnicodeDecodeError):
            raise self._stranger() from None
        finally:
            connection.close()

    def _read(self, text: str) -> Answer:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._stranger()
        return answer

    def _refusal(self, status_code: int, text: str) -> RequestError:
        problem = self._read(text)
        detail = problem.get("detail") or problem.get("title") or f"HTTP {status_code}"
        field, fix = problem.get("field") or "", problem.get("fix") or ""
        return RequestError(str(detail), field=str(field), fix=str(fix))

    def _stranger(self) -> UnreachableError:
        return UnreachableError(
            f"what answers at {self.url} is no agent; give the right address by --url or AGENT_URL"
        )


def _socket_path(url: str) -> str:
    from urllib.parse import unquote

    return unquote(url.removeprefix(_UNIX))


def _connection(url: str, seconds: float) -> "HTTPConnection":
    """Return a connection to the address, not opened yet."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    if url.startswith(_UNIX):
        import socket

        connection = HTTPConnection("localhost", timeout=seconds)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(seconds)
        return connection
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme != "http" or not host:
        raise SettingsError(
            f"cannot use the address {url!r}: it is none; write http://HOST:PORT, or --socket PATH"
        )
    return HTTPConnection(host, port or whereabouts.DEFAULT_PORT, timeout=seconds)


TYPE_CHECKING = False  # mypy reads it as true; `typing` is not worth its import for a verb
if TYPE_CHECKING:
    from http.client import HTTPConnection
