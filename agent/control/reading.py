"""The forgiving reading of bodies."""

import asyncio
import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from aiohttp import web

from ..errors import RequestError
from .bodies import LISTS, Body
from .limits import BODY_BYTES
from .problems import RefusedError, quoted

_S = TypeVar("_S", bound=msgspec.Struct)
_B = TypeVar("_B", bound=Body)

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")
_BLANK = b" \t\r\n\0"  # a C string is easily sent with its end
_FORM = re.compile(rb"[\w.\-]+=[^{]*")
_MISSING = re.compile("missing required field `(.*)`")
_TEXTS = frozenset({"id", "ids", "why"})  # fields that take a number as its text
_MOST_WARNINGS = 8


async def receive(request: web.BaseRequest, seconds: float) -> bytes:
    """Return the body.

    Raises:
        RefusedError: 408 or 413; 400 where its framing is broken, 417 for another expectation.
    """
    if (request.content_length or 0) > BODY_BYTES:
        raise _too_large()
    await _continue(request)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise RefusedError(
            408,
            f"cannot wait any longer: the body is not whole after {seconds:g} s",
            fix="send as many bytes as Content-Length says",
            headers={"Connection": "close"},
        ) from None
    except web.RequestPayloadError:
        raise RefusedError(
            400,
            "cannot read the body: it is not sent as its headers say",
            fix="send it plain, with Content-Length",
            headers={"Connection": "close"},
        ) from None
    return bytes(body)


def parse(raw: bytes) -> dict[str, object]:
    """Return the body's JSON object; nothing at all is an empty one, null means left out.

    Raises:
        RequestError: it is something else; the message says what, as far as that is known.
    """
    if raw.startswith(_UTF_16):
        raise RequestError("cannot read the body: it is UTF-16", fix="send it as UTF-8")
    text = raw.removeprefix(_BOM).strip(_BLANK)
    if not text:
        return {}
    if text[:3].upper() in {b"%7B", b"%5B", b"%22"}:
        raise RequestError(
            "cannot read the body: it is URL-encoded JSON",
            fix="in Unity don't use UnityWebRequest.Post(url, string) or a WWWForm: set "
            "uploadHandler = new UploadHandlerRaw(Encoding.UTF8.GetBytes(json)), or use "
            'UnityWebRequest.Post(url, json, "application/json")',
        )
    try:
        told = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _not_json(text, error) from None
    if not isinstance(told, dict):
        raise RequestError(
            "cannot read the body: it is JSON, but no object", fix='send an object: {"…": …}'
        )
    return {name: value for name, value in told.items() if value is not None}


def fill(
    kind: type[_B], told: Mapping[str, object], query: Mapping[str, str]
) -> tuple[_B, tuple[str, ...]]:
    """Return the verb's body with a warning for each name that it doesn't know.

    Args:
        kind: of the body.
        told: the JSON object.
        query: scalars may stand here as well; the object is stronger.

    Raises:
        RequestError: a field is wrong or missing; the warnings stand in its fix.
    """
    fields = kind.__struct_fields__
    strays = [name for name in told if name not in fields]
    strays += [name for name in query if name not in fields or name in LISTS]
    warnings = tuple(_warning(name, fields) for name in dict.fromkeys(strays))[:_MOST_WARNINGS]
    known: dict[str, object] = {
        name: text for name, text in query.items() if name in fields and name not in LISTS
    }
    known |= {name: value for name, value in told.items() if name in fields}
    try:
        return convert(kind, known), warnings
    except RequestError as error:
        if not error.fix:
            error.fix = f"send {kind.EXAMPLE}"
        error.fix = "; ".join((error.fix, *warnings))
        raise


def convert(kind: type[_S], told: Mapping[str, object]) -> _S:
    """Return the struct: numbers may be texts, texts may be numbers, ``3.0`` is 3.

    Raises:
        RequestError: a field is wrong or missing.
    """
    ready = {name: _as_text(value) if name in _TEXTS else value for name, value in told.items()}
    try:
        return msgspec.convert(ready, kind, strict=False)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        missing = _MISSING.search(what)
        field = missing[1] if missing else where.strip("`.")
        why = "it is missing" if missing else what[:1].lower() + what[1:]
        raise RequestError(f"cannot take {field}: {why}", field=field) from None


async def _continue(request: web.BaseRequest) -> None:
    """Ask for a body that the caller holds back until it is asked for, as curl does."""
    expected = request.headers.get("Expect", "").lower()
    if expected == "100-continue" and request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The answer proper has not begun.
        request.writer.output_size = 0
    elif expected and expected != "100-continue":
        raise RefusedError(
            417, f"cannot meet Expect: {quoted(expected)}", field="Expect", fix="leave it out"
        )


def _too_large() -> RefusedError:
    return RefusedError(
        413,
        f"cannot take the body: it has more than {BODY_BYTES} bytes",
        fix="send fewer or shorter fields",
        headers={"Connection": "close"},
    )


def _not_json(text: bytes, error: Exception) -> RequestError:
    if _FORM.fullmatch(text):
        return RequestError(
            "cannot read the body: it is a form, not JSON",
            fix='send JSON such as {"id": "ann"}, or put the fields into the query: ?id=ann',
        )
    if isinstance(error, UnicodeDecodeError):
        return RequestError("cannot read the body: it is not UTF-8", fix="send it as UTF-8")
    why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return RequestError(f"cannot read the body as JSON: {quoted(why)}", fix="send a JSON object")


def _as_text(value: object) -> object:
    if isinstance(value, list):
        return [_number_as_text(item) for item in value]
    return _number_as_text(value)


def _number_as_text(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _warning(name: str, fields: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    if name in fields:
        return f"ignored {name} in the query: it is a list; send it in the body"
    near = get_close_matches(name[:64].lower(), fields, n=1, cutoff=0.5)
    known = ", ".join(fields) or "none"
    hint = f"did you mean {near[0]}?" if near else f"known are: {known}"
    return f"ignored unknown field {quoted(name)}; {hint}"
