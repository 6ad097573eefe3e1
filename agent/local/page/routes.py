"""The page at the platform's root."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from ..deployment import Deployment
from ..ledger import Ledger, Record, Status, StatusTurned
from .actions import Outcome, act
from .follow import follow
from .guard import Guard
from .live import Readers
from .scene import View
from .story import Story

_FOLDER = Path(__file__).parent
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_STORIES = 200  # the most that are kept, as far as they have ended
_BODY = 16_384  # bytes of a button's body
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # without any, a form would be sent with a null Origin
    "X-Content-Type-Options": "nosniff",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """The page of one platform; without a reader it only remembers what was written."""

    def __init__(
        self, ledger: Ledger, find: Callable[[str], Deployment], listen: str = "127.0.0.1"
    ) -> None:
        """Prepare the page.

        Args:
            ledger: tells what happens.
            find: returns a deployment by its id.
            listen: where the platform listens; outside the loopback the page asks for a token.
        """
        self._find = find
        self._guard = Guard(listen)
        self._readers = Readers()
        self._stories: dict[str, Story] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None
        ledger.listen(self._take)

    @property
    def query(self) -> str:
        """What the address to be printed ends with, so that it opens the page."""
        return f"?token={self._guard.token}" if self._guard.token else ""

    def open_on(self, application: web.Application) -> None:
        """Serve the page from this application's root."""
        router = application.router
        router.add_get("/", self._kept(self._index, is_door=True))
        router.add_post("/page/enter", self._kept(self._enter, is_door=True))
        router.add_get("/page/live", self._kept(self._live))
        router.add_post("/page/do/{deployment}/{action}", self._kept(self._do))
        for name in ("style.css", "page.js"):
            router.add_get(f"/page/{name}", self._kept(_file(name), is_door=True))
        application.on_shutdown.append(self._close)

    def _kept(self, handler: _Handler, *, is_door: bool = False) -> _Handler:
        """Return the handler behind the guard; a door is open without the token."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if self._guard.is_foreign(request):
                return _say(403, "cannot answer a page of another site; open this one itself")
            if not is_door and not self._guard.admits(request):
                return _say(401, "cannot answer without the token; open / and enter it")
            return await handler(request)

        return guarded

    async def _index(self, request: web.Request) -> web.Response:
        if self._guard.takes(request.query.get("token", "")):
            return self._guard.welcome()
        if not self._guard.admits(request):
            return _send("enter.html", 401)
        return _send("index.html")

    async def _enter(self, request: web.Request) -> web.Response:
        if request.content_length is None or request.content_length > _BODY:
            return _say(413, "cannot take the form: it is too long")
        token = (await request.post()).get("token")
        if isinstance(token, str) and self._guard.takes(token.strip()):
            return self._guard.welcome()
        return _send("enter.html", 401)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        self._follow_all()
        view = View(self._stories, request.query.get("deployment", ""))
        return await self._readers.serve(request, view)

    async def _do(self, request: web.Request) -> web.Response:
        story = self._stories.get(request.match_info["deployment"])
        if story is None:
            return _say(404, "cannot find this deployment; reload the page")
        try:
            body = await _body(request)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _say(400, "cannot read the body: send a JSON object as application/json")
        outcome = await act(request.match_info["action"], body, story, self._calls())
        if outcome is None:
            return _say(404, "cannot find this button; reload the page")
        self._readers.wake()
        return _answer(outcome, 200 if outcome.is_done else 409)

    def _take(self, record: Record) -> None:
        match record:
            case StatusTurned(status=Status.INITIALIZING):
                self._begin(record.deployment, record.at)
            case _:
                pass
        if story := self._stories.get(record.deployment):
            story.take(record)
            self._readers.wake()

    def _begin(self, name: str, at: float) -> None:
        story = self._stories[name] = Story(self._find(name), at)
        if len(self._stories) > _STORIES:
            ended = (name for name, old in self._stories.items() if old.deployment.over)
            self._stories.pop(next(ended, ""), None)
        if self._session:  # somebody has come to read
            self._follow(name, story)

    def _follow_all(self) -> None:
        """Follow every agent from the first reader on: before, nobody asks them."""
        self._calls()
        for name, story in self._stories.items():
            if name not in self._following and not story.deployment.over:
                self._follow(name, story)

    def _follow(self, name: str, story: Story) -> None:
        following = follow(story, self._calls(), self._readers.wake)
        task = self._following[name] = asyncio.create_task(following)
        task.add_done_callback(lambda _: self._following.pop(name, None))

    def _calls(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def _close(self, _: web.Application) -> None:
        self._readers.close()
        tasks = list(self._following.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()


async def _body(request: web.Request) -> Mapping[str, object]:
    """Return a button's body; its type is one that no foreign form can send."""
    if request.content_type != "application/json" or (request.content_length or 0) > _BODY:
        raise msgspec.DecodeError
    return msgspec.json.decode(await request.read() or b"{}", type=dict[str, object])


def _file(name: str) -> _Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        return _send(name)

    return handle


def _send(name: str, status: int = 200) -> web.Response:
    kind = _KINDS[Path(name).suffix]
    return web.Response(
        status=status, body=_read(name), headers=_HEADERS, content_type=kind, charset="utf-8"
    )


@cache
def _read(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def _say(status: int, text: str) -> web.Response:
    return _answer(Outcome(text, is_done=False), status)


def _answer(outcome: Outcome, status: int) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(outcome),
        headers=_HEADERS,
        content_type="application/json",
    )
