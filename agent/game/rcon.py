"""One command to a game by Source RCON, as Valve's "Source RCON Protocol" page describes it."""

import asyncio
import struct
from contextlib import suppress

from ..errors import AskError

_AUTH, _AUTH_RESPONSE, _COMMAND = 3, 2, 2
_HEAD = struct.Struct("<iii")  # size of what follows it, id, type
_SIZE = struct.Struct("<i")
_LEAST, _MOST = 10, 4096  # of a size: id, type, two closing zeros; the page's own limit
_OURS, _REFUSED = 1, -1  # ids


def packet(number: int, kind: int, body: str) -> bytes:
    """Return a packet.

    Raises:
        AskError: the body does not fit into one.
    """
    text = body.encode()
    size = _LEAST + len(text)
    if size > _MOST or b"\0" in text:
        raise AskError("cannot send it by RCON: it is too long, or has a zero in it; shorten it")
    return _HEAD.pack(size, number, kind) + text + b"\0\0"


async def command(port: int, password: str, text: str) -> None:
    """Log in on loopback, send one command; return once it is answered, or the game hangs up.

    A server that quits may well not answer.

    Raises:
        AskError: the password is wrong, or it speaks something else.
        OSError: nobody listens.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(packet(_OURS, _AUTH, password))
        number, kind = await _read(reader)
        while kind != _AUTH_RESPONSE:  # an empty value comes before it
            number, kind = await _read(reader)
        if number == _REFUSED:
            raise AskError("cannot log in by RCON: the password is wrong; set AGENT_RCON_PASSWORD")
        writer.write(packet(_OURS, _COMMAND, text))
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # it has quit
            await _read(reader)
    except asyncio.IncompleteReadError:
        raise AskError("cannot log in by RCON: the game hung up; is it the RCON port?") from None
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Return id and type of the next packet."""
    (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
    if not _LEAST <= size <= _MOST:
        raise AskError("cannot talk by RCON: that is another protocol; check AGENT_RCON_PORT")
    rest = await reader.readexactly(size)
    number, kind = struct.unpack_from("<ii", rest)
    return number, kind
