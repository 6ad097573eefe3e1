"""Asking a game server for a page on loopback, to see whether it answers."""

import asyncio

ANSWER_SECONDS = 2.0

_LOOPBACK = "127.0.0.1"
_STATUS_BYTES = 4096
_GOOD = range(200, 400)  # as Kubernetes takes it


async def trouble(port: int, path: str, seconds: float = ANSWER_SECONDS) -> str:
    """Return what is wrong with the answer to a GET, nothing where it is a good one.

    Args:
        port: of loopback.
        path: with its slash, printable.
        seconds: how long the whole may take.
    """
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(_LOOPBACK, port, limit=_STATUS_BYTES)
            try:
                host = f"Host: {_LOOPBACK}:{port}"
                request = f"GET {path} HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode("ascii"))
                await writer.drain()
                return _judged(await reader.readline())
            finally:
                writer.transport.abort()  # the page itself is not wanted
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    except ConnectionRefusedError:
        return "refused"
    except (OSError, ValueError):  # ValueError: the line is too long
        return "cut off"


def _judged(line: bytes) -> str:
    """Read ``HTTP/1.1 200 OK``, see RFC 9112, section 4."""
    protocol, _, rest = line.partition(b" ")
    code = rest[:3]
    if not protocol.startswith(b"HTTP/1.") or not code.isdigit():
        return "it is no HTTP answer"
    return "" if int(code) in _GOOD else f"status {int(code)}"
