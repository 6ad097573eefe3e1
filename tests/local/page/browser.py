"""A real Chromium, driven by WebDriver over plain HTTP."""

import asyncio
import base64
import contextlib
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.tools import need

ARTEFACTS = Path(__file__).parents[3] / "artefacts"
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--disable-default-apps --host-resolver-rules=MAP,*,~NOTFOUND,EXCLUDE,127.0.0.1"
)
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One window."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def open(self, url: str) -> None:
        """Load a page."""
        await self._call("POST", "/url", url=url)

    async def run(self, script: str, *arguments: object) -> Any:
        """Return what a script returns, or what its promise comes to."""
        body = {"script": script, "args": list(arguments)}
        return await self._call("POST", "/execute/sync", **body)

    async def see(self, expression: str) -> Any:
        """Wait until an expression is true; return it. No ``eval``: the page's policy forbids it.

        Looking again after 20 ms is the page's business, so that whatever shows it will do.
        """
        return await self.run(
            f"const look = () => {{ try {{ return ({expression}); }} catch {{ return null; }} }};"
            "return new Promise((done) => { const turn = () => {"
            "const seen = look(); seen ? done(seen) : setTimeout(turn, 20); }; turn(); });"
        )

    async def click(self, selector: str) -> None:
        """Click as a person does: scrolled to, with a real pointer."""
        await self._call("POST", f"/element/{await self._find(selector)}/click")

    async def type(self, selector: str, text: str) -> None:
        """Type into a field, in place of what stands there."""
        element = await self._find(selector)
        await self._call("POST", f"/element/{element}/clear")
        await self._call("POST", f"/element/{element}/value", text=text)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self._call(
            "POST", "/actions", actions=[{"type": "key", "id": "keys", "actions": strokes}]
        )

    async def cookies(self) -> list[dict[str, Any]]:
        """Return the cookies that the page was given."""
        found: list[dict[str, Any]] = await self._call("GET", "/cookie")
        return found

    async def look(self, width: int, height: int, *, dark: bool = False) -> None:
        """Set the window's inner size and the colour scheme that the person prefers."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.devtools("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.devtools("Emulation.setEmulatedMedia", features=[scheme])

    async def devtools(self, command: str, **params: object) -> Any:
        """Return what a command of the DevTools protocol answers."""
        return await self._call("POST", "/goog/cdp/execute", cmd=command, params=params)

    async def keep(self, name: str) -> None:
        """Keep a picture of the whole page: what is out of sight may not be painted."""
        width, height = await self.run("return [innerWidth, document.body.scrollHeight + 20]")
        metrics = {"width": width, "deviceScaleFactor": 1, "mobile": False}
        await self.devtools("Emulation.setDeviceMetricsOverride", height=height, **metrics)
        await self.run(
            "return new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
        )
        taken = await self.devtools("Page.captureScreenshot")
        await self.devtools("Emulation.setDeviceMetricsOverride", height=900, **metrics)
        await asyncio.to_thread(_write, name, base64.b64decode(taken["data"]))

    async def complaints(self) -> list[str]:
        """Return what the console has said: errors, broken policies."""
        said = await self._call("POST", "/se/log", type="browser")
        return [entry["message"] for entry in said]

    async def close(self) -> None:
        """Close the browser."""
        await self._call("DELETE", "")

    async def _find(self, selector: str) -> str:
        body = {"using": "css selector", "value": selector}
        found: dict[str, str] = await self._call("POST", "/element", **body)
        return found[_ELEMENT]

    async def _call(self, method: str, path: str, **body: object) -> Any:
        given = body if method == "POST" else None
        async with self._session.request(method, self._url + path, json=given) as answer:
            value = (await answer.json())["value"]
        assert answer.ok, value
        return value


def _write(name: str, picture: bytes) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / name).write_bytes(picture)


@contextlib.asynccontextmanager
async def browse(profile: Path) -> AsyncIterator[Browser]:
    """Run a browser with a fresh profile."""
    driver = await asyncio.create_subprocess_exec(
        need("chromedriver", package="chromium-driver"),
        "--port=0",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert driver.stdout
        port = ""
        while not port:
            line = (await driver.stdout.readline()).decode()
            assert line, "chromedriver is gone"
            port = (re.findall(r"successfully on port (\d+)", line) or [""])[0]
        options = {
            "args": [*_FLAGS.split(), f"--user-data-dir={profile}"],
            "binary": need("chromium"),
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{port}/session"
            body = {"capabilities": {"alwaysMatch": wanted}}
            async with session.post(url, json=body) as answer:
                opened = (await answer.json())["value"]
            assert answer.ok, opened
            browser = Browser(session, f"{url}/{opened['sessionId']}")
            try:
                yield browser
            finally:
                await browser.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            driver.send_signal(signal.SIGTERM)
        await driver.communicate()
