"""The page is its owner's: no other site, no other machine without the token."""

import aiohttp
import pytest

from agent.local.page.guard import is_loopback
from agent.local.platform import Platform


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)],
)
def test_only_the_loopback_is_this_machine_alone(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


async def test_page_needs_no_token_here_and_runs_nothing_but_its_own_files(
    platform: Platform,
) -> None:
    assert platform.page.query == ""
    async with aiohttp.ClientSession(platform.origin) as browser:
        for path, kind in [
            ("/", "text/html"),
            ("/page/page.js", "text/javascript"),
            ("/page/style.css", "text/css"),
        ]:
            async with browser.get(path) as answer:
                assert (answer.status, answer.content_type) == (200, kind)
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'; script-src 'self'" in policy
                assert "unsafe" not in policy
                text = await answer.text()
                assert "//" not in text.replace("http://www.w3.org", "").replace("// ", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "[bad"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
async def test_page_of_another_site_gets_no_answer(
    platform: Platform, headers: dict[str, str]
) -> None:
    async with aiohttp.ClientSession(platform.origin, headers=headers) as browser:
        for path in ("/", "/page/live", "/page/page.js"):
            async with browser.get(path) as answer:
                assert answer.status == 403
        async with browser.post("/page/do/x/stop", json={}) as answer:
            assert answer.status == 403
            assert "another site" in (await answer.json())["message"]


async def test_link_from_elsewhere_may_lead_to_the_page(platform: Platform) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with (
        aiohttp.ClientSession(platform.origin) as browser,
        browser.get("/", headers=headers) as answer,
    ):
        assert answer.status == 200


async def test_beyond_this_machine_the_page_asks_for_the_token_that_was_printed() -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        Platform(listen="0.0.0.0") as platform,
        aiohttp.ClientSession(platform.origin, cookie_jar=jar) as browser,
    ):
        token = platform.page.query.removeprefix("?token=")
        assert len(token) == 32
        for path in ("/", "/?token=wrong", "/?token=%ED%A0%80"):
            async with browser.get(path) as answer:
                assert answer.status == 401
                assert "Enter the token" in await answer.text()
        async with browser.get("/page/live") as answer:
            assert answer.status == 401
        async with browser.post("/page/do/x/stop", json={}) as answer:
            assert answer.status == 401
        async with browser.post("/page/enter", data={"token": "wrong"}) as answer:
            assert answer.status == 401
        async with browser.post("/page/enter", data={"token": "x" * 20_000}) as answer:
            assert answer.status == 413
        assert not len(jar)

        form = {"token": f" {token}\n"}
        async with browser.post("/page/enter", data=form, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert token not in cookie
        async with browser.get("/") as answer:
            assert answer.status == 200
        async with browser.get(f"/{platform.page.query}", allow_redirects=False) as answer:
            assert answer.status == 303


async def test_token_is_none_where_none_is_asked_for(platform: Platform) -> None:
    async with (
        aiohttp.ClientSession(platform.origin) as browser,
        browser.post("/page/enter", data={"token": ""}, allow_redirects=False) as answer,
    ):
        assert "Set-Cookie" not in answer.headers
