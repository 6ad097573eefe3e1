"""The page in a real browser: a whole match by clicks, by keyboard, in the dark, on a phone."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent.local.platform import Platform
from agent.local.version import RestartPolicy, Version
from tests.local.page.browser import Browser, browse

TAB, SHIFT, ENTER, SPACE = "\ue004", "\ue008", "\ue007", " "


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with browse(tmp_path / "profile") as running:
        await running.look(1280, 900)
        yield running


def shows(selector: str, text: str) -> str:
    return f"document.querySelector({selector!r}).textContent.includes({text!r})"


def lit(phase: str) -> str:
    return f"document.querySelector('#phases [data-phase={phase}]')"


async def test_whole_match_by_clicks(
    platform: Platform, browser: Browser, played: Callable[..., Version]
) -> None:
    await browser.open(platform.origin)
    await browser.see(shows("#none", "No deployment yet"))
    deployment = await platform.deploy(played())
    await browser.open(platform.origin)
    await browser.see(lit("ready"))
    port = deployment.ports[0]
    await browser.see(shows("#ports", f"gameport UDP 127.0.0.1:{port.external}"))
    await browser.see(shows("#players", "Unknown"))

    await browser.click("[data-do=join]")
    await browser.see(lit("in_match"))
    await browser.see(shows("#ids", "ann"))
    await browser.type("#seconds", "90")
    await browser.click("[data-do=hold]")
    await browser.see(shows("#timers", "hold"))
    first = await browser.run("return document.querySelector('#timers progress').value")
    await browser.see(f"document.querySelector('#timers progress').value < {first}")
    await browser.click("[data-do=start_match]")
    await browser.see(shows("#outcome", "/v1/match/start"))
    await browser.see("document.querySelectorAll('#charts polyline').length === 4")
    await browser.see("document.querySelector('#charts polyline').points.length > 1")

    await browser.keep("page-match-light.png")
    await browser.look(1280, 900, dark=True)
    await browser.keep("page-match-dark.png")
    await browser.look(375, 800)
    await browser.see("document.querySelector('#phases svg').viewBox.baseVal.height > 200")
    assert await browser.run("return document.documentElement.scrollWidth <= innerWidth")
    await browser.keep("page-match-375.png")
    await browser.look(1280, 900)

    await browser.click("[data-do=release]")
    await browser.see("!" + shows("#timers", "hold"))
    await browser.click("[data-do=faults]")
    await browser.click("[data-do=end_match]")
    await browser.see(lit("draining"))
    await browser.see(shows("#budgets", "until the game is killed"))
    await browser.keep("page-stop.png")
    await browser.click("[data-do=leave]")
    await browser.see(shows("#status", "TERMINATED"))
    await browser.see(shows("#entries", "self-stop called: 503, a fault on demand"))
    for told in ("container exited with 0", "phase is draining (match_ended)", "world saved"):
        await browser.see(shows("#entries", told))
    lanes = "new Set([...document.querySelectorAll('#timeline .mark')].map((m) => m.classList[1]))"
    assert await browser.run(f"return [...{lanes}].sort()") == ["agent", "game", "platform"]
    assert await browser.run("return document.querySelector('[data-do=join]').disabled")
    await browser.keep("page-over.png")
    assert await browser.complaints() == []
    assert deployment.exit_status == 0


async def test_everything_is_reached_by_keyboard_and_has_a_name(
    platform: Platform, browser: Browser, played: Callable[..., Version]
) -> None:
    await platform.deploy(played())
    await browser.open(platform.origin)
    await browser.see(lit("ready"))
    reached = set()
    for _ in range(40):
        await browser.press(TAB)
        seen = await browser.run(
            "const one = document.activeElement;"
            "const ring = getComputedStyle(one).outlineStyle;"
            "const name = one.ariaLabel || one.getAttribute('aria-labelledby')"
            "  || one.labels?.[0]?.textContent || one.textContent;"
            "return [one.dataset.do || one.id || one.tagName, name.trim(), ring];"
        )
        what, name, ring = seen
        if what == "BODY":
            break
        assert name, seen
        assert ring not in {"none", ""}, seen
        reached.add(what)
        if what == "join":
            await browser.press(ENTER)
            await browser.see(lit("in_match"))
    assert {"join", "hold", "stop", "faults", "kill_agent", "search", "log", "entries"} <= reached
    unnamed = "[...document.querySelectorAll('[role=img]')].filter((one) => !one.ariaLabel).length"
    assert await browser.run(f"return {unnamed}") == 0


async def test_flood_of_lines_stays_bounded_and_searchable(
    platform: Platform, browser: Browser
) -> None:
    code = (
        "import sys, time\n"
        "for tenth in range(30):\n"
        "    for n in range(100): print(f'line {tenth * 100 + n} of the flood')\n"
        "    print('a warning', tenth, file=sys.stderr, flush=True)\n"
        "    sys.stdout.flush(); time.sleep(0.1)\n"
        "print('the end', flush=True); time.sleep(99)\n"
    )
    version = Version(command=[sys.executable, "-c", code], restart_policy=RestartPolicy.NEVER)
    await platform.deploy(version)
    await browser.open(platform.origin)
    await browser.see(shows("#log", "the end"))
    assert await browser.run("return document.querySelector('#log').childElementCount") == 1000
    pinned = "const log = document.querySelector('#log');"
    assert await browser.run(
        f"{pinned} return log.scrollHeight - log.scrollTop - log.clientHeight < 2"
    )
    await browser.type("#search", "LINE 17 OF")
    await browser.see("document.querySelector('#log').childElementCount === 1")
    await browser.see(shows("#log mark", "line 17 of"))
    await browser.type("#search", "warning")
    await browser.see("document.querySelector('#log').childElementCount === 30")
    await browser.click("[name=stderr]")
    await browser.see("document.querySelector('#log').childElementCount === 0")


async def test_token_is_asked_for_beyond_this_machine(browser: Browser) -> None:
    async with Platform(listen="0.0.0.0") as platform:
        await browser.open(platform.origin)
        await browser.see(shows("form", "Enter the token"))
        await browser.keep("page-token.png")
        await browser.type("[name=token]", platform.page.query.removeprefix("?token="))
        await browser.press(ENTER)
        await browser.see(shows("#link", "live"))
        (cookie,) = await browser.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert await browser.run("return document.cookie") == ""
        assert await browser.run("return location.search") == ""
