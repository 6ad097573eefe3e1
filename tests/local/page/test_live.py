"""The stream tells the state first, then what is new, and counts what it had to leave out."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent import clock
from agent.local import inmates
from agent.local.ledger import ContainerStarted
from agent.local.page import live, routes
from agent.local.platform import Platform
from agent.local.version import RestartPolicy, Version

Scene = dict[str, Any]


async def scenes(answer: aiohttp.ClientResponse) -> AsyncIterator[Scene]:
    rest = b""
    async for chunk in answer.content.iter_any():
        *events, rest = (rest + chunk).split(b"\n\n")
        for event in events:
            if event.startswith(b"data: "):
                yield json.loads(event[6:])


def python(code: str) -> Version:
    return Version(
        command=[sys.executable, "-c", code], grace=0.3, restart_policy=RestartPolicy.NEVER
    )


async def press(
    browser: aiohttp.ClientSession, deployment: str, action: str, **body: object
) -> tuple[int, str]:
    async with browser.post(f"/page/do/{deployment}/{action}", json=body) as answer:
        return answer.status, (await answer.json())["message"]


async def test_reader_gets_the_state_first_then_what_is_new(platform: Platform) -> None:
    deployment = await platform.deploy(python("input()"))
    await deployment.terminated()
    later = await platform.deploy(
        python("print('hello', flush=True); import time; time.sleep(99)")
    )
    await later.wrote("hello")
    async with (
        aiohttp.ClientSession(platform.origin) as browser,
        browser.get("/page/live") as answer,
    ):
        told = scenes(answer)
        first = await anext(told)
        assert first["phases"]["stopping"] == ["stopped"]
        assert [one["id"] for one in first["deployments"]] == [deployment.id, later.id]
        assert first["detail"]["id"] == later.id  # the newest
        assert first["detail"]["status"] == "READY"
        assert ["stdout", "hello"] in [[line["source"], line["text"]] for line in first["lines"]]
        later.stop()
        async for scene in told:
            assert "phases" not in scene
            if scene.get("detail", {}).get("status") == "TERMINATED":
                break
        assert scene["detail"]["ended_at"]
        assert scene["detail"]["signalled_at"]


async def test_slow_reader_misses_nothing_but_old_lines_and_is_told_how_many(
    platform: Platform,
) -> None:
    """30 MB are more than all buffers on the way together with what is kept."""
    code = "[print(f'{n:02000}') for n in range(15_000)]"
    deployment = await platform.deploy(python(code))
    async with (
        aiohttp.ClientSession(platform.origin) as browser,
        browser.get("/page/live") as answer,
    ):
        await deployment.terminated()
        seen, lost = [], 0
        async for scene in scenes(answer):
            seen += [line for line in scene["lines"] if line["source"] == "stdout"]
            lost += scene["lines_lost"]
            if scene.get("detail", {}).get("ended_at"):
                break
    assert lost > 0
    assert int(seen[-1]["text"]) == 14_999
    numbers = [int(line["text"]) for line in seen]
    assert numbers == sorted(numbers)
    assert 15_000 <= len(seen) + lost <= 15_000 + len(deployment.records)


async def test_too_many_pages_are_refused_and_one_that_takes_nothing_is_dropped(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_STUCK", 0.3)
    platform.page._readers._most = 1
    flood = "import time; [print('x' * 2000) for _ in range(15_000)]; time.sleep(99)"
    await platform.deploy(python(flood))
    async with aiohttp.ClientSession(platform.origin) as browser:
        async with browser.get("/page/live") as first, browser.get("/page/live") as second:
            assert second.status == 503
            pulses = platform.page._readers._pulses
            while pulses:
                await clock.wait(asyncio.Event(), 0.01)
            with pytest.raises(aiohttp.ClientError):
                await first.read()
        async with browser.get("/page/live") as third:
            assert third.status == 200


async def test_agent_is_followed_over_its_death_and_asked_by_buttons(
    platform: Platform, played: Callable[..., Version]
) -> None:
    deployment = await platform.deploy(played(AGENT_TOKEN="secret-of-the-game"))
    pid = next(r.pid for r in deployment.records if isinstance(r, ContainerStarted))
    async with (
        aiohttp.ClientSession(platform.origin) as browser,
        browser.get(f"/page/live?deployment={deployment.id}") as answer,
    ):
        told = scenes(answer)

        async def until(look: Callable[[Scene], bool]) -> Scene:
            async for scene in told:
                agent = scene.get("detail", {}).get("agent")
                if agent and look(agent):
                    return scene
            raise AssertionError("the stream has ended")

        await until(lambda agent: agent["phase"] == "ready")
        before = inmates.agent(pid)
        assert "SIGSTOP" in (await press(browser, deployment.id, "freeze_agent"))[1]
        assert "SIGCONT" in (await press(browser, deployment.id, "thaw_agent"))[1]
        assert f"process {before}" in (await press(browser, deployment.id, "kill_agent"))[1]
        await until(lambda agent: agent["agent_starts"] == 2)
        done = await press(browser, deployment.id, "join", id="ann")
        assert done == (200, "POST /v1/players/join: phase in_match")
        await until(lambda agent: agent["players"]["ids"] == ["ann"])
        status, why = await press(browser, deployment.id, "join", id="")
        assert status == 409
        assert why.startswith("cannot take")
        assert (await press(browser, deployment.id, "faults", list="503"))[0] == 200
        assert (await press(browser, deployment.id, "faults", list="nonsense"))[0] == 409
        for delay, status in ((80, 200), (-1, 409), (None, 409)):
            assert (await press(browser, deployment.id, "delay", ms=delay))[0] == status
        assert deployment.life.weather.delay == 0.08
        await press(browser, deployment.id, "leave", id="ann")
        await press(browser, deployment.id, "stop", why="a click")
        await deployment.terminated()
        assert (await press(browser, deployment.id, "sigterm"))[0] == 409
        assert (await press(browser, deployment.id, "release"))[0] == 409
    assert b"secret-of-the-game" not in deployment.stderr


async def test_buttons_that_cannot_work_say_why(platform: Platform) -> None:
    deployment = await platform.deploy(python("import time; time.sleep(99)"))
    async with aiohttp.ClientSession(platform.origin) as browser:
        assert "does not serve yet" in (await press(browser, deployment.id, "join", id="ann"))[1]
        assert "none runs" in (await press(browser, deployment.id, "kill_agent"))[1]
        assert (await press(browser, deployment.id, "dance"))[0] == 404
        assert (await press(browser, "nowhere", "stop"))[0] == 404
        for body in (b"[]", b"{", b"\xff"):
            url = f"/page/do/{deployment.id}/sigkill"
            kind = {"Content-Type": "application/json"}
            async with browser.post(url, data=body, headers=kind) as answer:
                assert answer.status == 400
            async with browser.post(url, data={"a": "form"}) as answer:
                assert answer.status == 400
        assert (await press(browser, deployment.id, "platform_stop"))[0] == 200
        await deployment.terminated()


async def test_old_deployments_make_room_and_unknown_ones_take_none(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_STORIES", 2)
    async with aiohttp.ClientSession(platform.origin) as browser:
        async with browser.delete("/v1/self/stop/nobody/0") as answer:
            assert answer.status == 404
        first, *others = [await platform.deploy(python("pass")) for _ in range(3)]
        await asyncio.gather(*(deployment.terminated() for deployment in (first, *others)))
        await (await platform.deploy(python("pass"))).terminated()
        async with browser.get("/page/live") as answer:
            scene = await anext(scenes(answer))
        assert first.id not in [one["id"] for one in scene["deployments"]]
        assert len(scene["deployments"]) == 2


def test_page_is_part_of_the_package() -> None:
    folder = Path(routes.__file__).parent
    assert {"index.html", "enter.html", "style.css", "page.js"} <= {
        path.name for path in folder.iterdir()
    }
