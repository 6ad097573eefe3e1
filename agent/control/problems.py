"""Refusals as RFC 9457 problems."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

from ..errors import RequestError, StateFullError

CONTENT_TYPE = "application/problem+json"
_CLIP = 100  # characters of the caller's own words that an answer repeats


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was not taken."""

    type: str
    title: str
    status: int
    detail: str
    field: str = ""
    fix: str = ""


class RefusedError(RequestError):
    """A refusal that has its own HTTP status.

    Attributes:
        status_code: of the answer.
        headers: that the status asks for, such as ``Allow``.
    """

    def __init__(
        self,
        status_code: int,
        detail: str,
        *,
        field: str = "",
        fix: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, field=field, fix=fix)
        self.status_code = status_code
        self.headers = headers


def answer(error: RequestError) -> web.Response:
    """Return what the caller is told."""
    if isinstance(error, RefusedError):
        return response(error.status_code, error, error.headers)
    full = isinstance(error, StateFullError)
    return response(413 if full else 400, error)


def response(
    status_code: int, error: RequestError, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return the answer with this status."""
    problem = Problem(
        type="about:blank",  # the title is the status's own
        title=HTTPStatus(status_code).phrase,
        status=status_code,
        detail=str(error),
        field=error.field,
        fix=error.fix,
    )
    return web.Response(
        status=status_code,
        body=msgspec.json.encode(problem),
        content_type=CONTENT_TYPE,
        headers=headers,
    )


def quoted(text: str) -> str:
    """Return the caller's own words, short enough to be repeated, of characters that exist."""
    clean = text.encode(errors="replace").decode()
    return clean if len(clean) <= _CLIP else f"{clean[:_CLIP]}…"
