"""Reading a call into the types that its operation takes."""

from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from .replies import RefusedError

S = TypeVar("S", bound=Struct)


async def body(request: web.Request, kind: type[S]) -> S:
    """Return the call's body.

    Raises:
        RefusedError: it is not JSON, or not what the document asks for.
    """
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.MsgspecError as error:
        raise RefusedError(400, f"cannot read the body: {error}") from None


def query(request: web.Request, kind: type[S]) -> S:
    """Return what the call's query says.

    Raises:
        RefusedError: a value is not what the document asks for.
    """
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise RefusedError(400, f"cannot read the query: {error}") from None
