"""What is done for each route."""

import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from ..core.crash import CrashReport
from ..core.events import CallArrived, StopRequested
from ..core.snapshot import Status
from ..core.usage import Usage
from ..errors import RequestError
from ..interfaces import Desk, Logs
from . import guard, openapi, problems, reading
from .answers import JSON, Alive, Done, Message, Readiness, json
from .bodies import Body, StatusQuery
from .context import context
from .limits import WAIT_SECONDS, Limits
from .lines import FlushQuery, Lines, LogsQuery, NoLogs
from .problems import RefusedError
from .routes import Route, find
from .streams import Streams

LOG = logging.getLogger("agent.control")

_MOST_NOTED = 64  # unknown names that get a line of their own

Reader = Callable[[web.BaseRequest, Mapping[str, str]], Awaitable[web.StreamResponse]]


class Counter:
    """Takes requests, hands facts in at the desk."""

    def __init__(
        self, desk: Desk, *, deployment: object, match: object, token: str, limits: Limits
    ) -> None:
        self._desk = desk
        self._deployment = deployment
        self._match = match
        self._guard = guard.Guard(token)
        self._limits = limits
        self._streams = Streams(desk, limits)
        self.logs: Logs = NoLogs()
        self.crash: Callable[[], CrashReport | None] = lambda: None
        self._lines = Lines(limits)
        self.look: Callable[[], Usage | None] = lambda: None
        self._called = False
        self.note_call: Callable[[str], object] = lambda _: None
        self._noted: set[tuple[str, str]] = set()
        self._readers: dict[str, Reader] = {
            "healthz": self._healthz,
            "readyz": self._readyz,
            "status": self._status,
            "deployment": self._tell_deployment,
            "match": self._tell_match,
            "self_stop": self._self_stop,
            "context": self._context,
            "events": self._events,
            "logs": self._tell_lines,
            "crash": self._tell_crash,
            "flush": self._flush,
            "metrics": self._tell_metrics,
            "openapi": self._openapi,
        }

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the answer, a problem where the request is refused."""
        try:
            return await self._answer(request)
        except RequestError as error:
            return problems.answer(error)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        guard.check_origin(
            request.headers.getall("Host", []),
            request.headers.getall("Origin", []),
            is_unix=isinstance(request.get_extra_info("sockname"), str | bytes),
        )
        route, parameters = find(request.method, request.rel_url.raw_path)
        if not route.is_open:
            self._guard.check_token(request.headers.get("Authorization", ""))
        if route.body is None:
            answer = await self._readers[route.name](request, parameters)
        else:
            answer = await self._verb(route, route.body, request)
        self.note_call(route.name)
        return answer

    async def _verb(
        self, route: Route, kind: type[Body], request: web.BaseRequest
    ) -> web.Response:
        """Hand the fact in; nothing is awaited between the last check and the answer."""
        raw = await reading.receive(request, self._limits.body_seconds)
        body, warnings = reading.fill(kind, reading.parse(raw), request.query)
        self._note(route, warnings)
        if kind.TELLS_LIFE and not self._called:
            self._desk.post(CallArrived())
            self._called = True
        status = self._desk.post(body.event())
        answer = route.answer or Done
        assert issubclass(answer, Done)  # noqa: S101 - a verb's answer, see the table
        return json(answer.of(status, warnings))

    async def _healthz(self, _: web.BaseRequest, __: Mapping[str, str]) -> web.Response:
        return json(Alive())

    async def _readyz(self, _: web.BaseRequest, __: Mapping[str, str]) -> web.Response:
        readiness = Readiness.of(self._desk.status())
        return json(readiness, 200 if readiness.ready else 503)

    async def _status(self, request: web.BaseRequest, _: Mapping[str, str]) -> web.Response:
        return json(await self._changed(reading.convert(StatusQuery, request.query)))

    async def _changed(self, asked: StatusQuery) -> Status:
        status = self._desk.status()
        # A revision that is yet to come was read in another life: its reader must not wait.
        if asked.after is None or asked.after > status.revision or not asked.wait:
            return status
        return await self._desk.changed(asked.after, min(asked.wait, WAIT_SECONDS))

    async def _tell_deployment(self, _: web.BaseRequest, __: Mapping[str, str]) -> web.Response:
        return json(self._deployment)

    async def _tell_match(self, _: web.BaseRequest, __: Mapping[str, str]) -> web.Response:
        if self._match is None:
            raise RefusedError(
                404,
                "cannot tell of a match: no matchmaker made this deployment (no MM_* variable)",
                fix="GET /v1/deployment tells what is known",
            )
        return json(self._match)

    async def _tell_crash(self, _: web.BaseRequest, __: Mapping[str, str]) -> web.Response:
        report = self.crash()
        if report is None:
            raise RefusedError(
                404,
                "cannot tell of a crash: the game has not ended unasked in this container's life",
                fix="GET /v1/status tells how the game is",
            )
        return json(report)

    async def _self_stop(
        self, request: web.BaseRequest, parameters: Mapping[str, str]
    ) -> web.Response:
        """Begin our stop in the platform's words; a body, a query are the platform's business."""
        await reading.receive(request, self._limits.body_seconds)
        self._desk.post(StopRequested("the game called its self-stop", by="self_stop"))
        name = problems.quoted(parameters["id"])
        return json(Message(f"{name} - Delete request will be processed soon"), 202)

    async def _context(self, _: web.BaseRequest, __: Mapping[str, str]) -> web.Response:
        return json(context(self._deployment, self._desk.status()))

    async def _events(self, request: web.BaseRequest, _: Mapping[str, str]) -> web.StreamResponse:
        return await self._streams.serve(request)

    async def _tell_lines(
        self, request: web.BaseRequest, _: Mapping[str, str]
    ) -> web.StreamResponse:
        asked = reading.convert(LogsQuery, request.query)
        return await self._lines.serve(request, asked, self.logs)

    async def _flush(self, request: web.BaseRequest, _: Mapping[str, str]) -> web.Response:
        await reading.receive(request, self._limits.body_seconds)
        asked = reading.convert(FlushQuery, request.query)
        return json(await self.logs.flush(min(asked.wait, WAIT_SECONDS)))

    async def _tell_metrics(self, request: web.BaseRequest, _: Mapping[str, str]) -> web.Response:
        from . import metrics, openmetrics  # who is never scraped does not pay for the table

        dialect = openmetrics.accepted(request.headers.get("Accept", ""))
        await self.logs.count()
        families = metrics.families(self._desk.status(), self.look())
        kind = openmetrics.CONTENT_TYPES[dialect]
        body = openmetrics.render(families, dialect)
        return web.Response(body=body, headers={"Content-Type": kind, "Vary": "Accept"})

    async def _openapi(self, _: web.BaseRequest, __: Mapping[str, str]) -> web.Response:
        facts = {"deployment": type(self._deployment), "match": type(self._match)}
        document = openapi.document(facts, asks_token=self._guard.asks)
        return web.Response(body=msgspec.json.encode(document), content_type=JSON)

    def _note(self, route: Route, warnings: tuple[str, ...]) -> None:
        """Write a line for what was ignored, once: some calls come many times a second."""
        for warning in warnings:
            note = (route.name, warning)
            if note not in self._noted and len(self._noted) < _MOST_NOTED:
                self._noted.add(note)
                LOG.warning("%s %s: %s", route.method, route.path, warning)
