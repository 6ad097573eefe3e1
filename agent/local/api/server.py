"""The operations over HTTP."""

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from agent import clock

from . import reading
from .deploymentstatus import context
from .hall import Hall
from .limits import Limit
from .operations import OPERATIONS, Operation
from .replies import Call, Message, RefusedError, Reply, missing

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(hall: Hall, now: Callable[[], float] = clock.now) -> web.Application:
    """Return the platform as a web application.

    Args:
        hall: what its operations can reach.
        now: the clock of the rate limits, in seconds.
    """
    made = web.Application(middlewares=[_speak_json])
    for path in dict.fromkeys(operation.path for operation in OPERATIONS):
        resource = made.router.add_resource(path)
        there = [operation for operation in OPERATIONS if operation.path == path]
        for operation in there:
            limit = Limit(operation.rate, now) if operation.rate else None
            resource.add_route(operation.method, _handler(hall, operation, limit))
        resource.add_route("*", _refuser({operation.method for operation in there}))
    made.router.add_get("/v1/context/{deployment}/{key}", _context(hall), allow_head=False)
    return made


def _handler(hall: Hall, operation: Operation, limit: Limit | None) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        if not operation.has_own_token and not _same(request, f"token {hall.api_token}"):
            raise RefusedError(401, "Unauthorized: send Authorization: token <API token>")
        if limit and (wait := limit.wait()):
            text = f"Too many requests: {operation.rate} a second are allowed"
            raise RefusedError(429, text, {"Retry-After": str(wait)})
        query = reading.query(request, operation.query)
        body = await reading.body(request, operation.body) if operation.body else None
        reply = await operation.handle(hall, Call(request.match_info, body, query, request))
        return reply.sent()

    return handle


def _refuser(methods: set[str]) -> Handler:
    """Return what ends the search for a route: the first path that fits is the one."""

    async def handle(request: web.Request) -> web.Response:
        raise web.HTTPMethodNotAllowed(request.method, methods)

    return handle


def _context(hall: Hall) -> Handler:
    """Return the context URL of older platforms; no document has it any more."""

    async def handle(request: web.Request) -> web.Response:
        dossier = hall.dossier(request.match_info["deployment"])
        if dossier.deployment is None:
            raise missing("Deployment", dossier.id)
        if not _same(request, dossier.deployment.identity.context_token):
            raise RefusedError(401, "Unauthorized")
        return Reply(body=context(dossier.deployment, list(dossier.tags))).sent()

    return handle


def _same(request: web.Request, expected: str) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())


@web.middleware
async def _speak_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every refusal the ``Error`` body, the router's own too."""
    try:
        return await handler(request)
    except RefusedError as refusal:
        return refusal.reply.sent()
    except web.HTTPException as refusal:
        headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
        return Reply(refusal.status, Message(refusal.reason), headers).sent()
