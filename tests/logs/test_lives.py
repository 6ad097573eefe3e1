"""Stops of our own, agents that die, containers that come back: what is owed is still sent."""

import asyncio
import re
from pathlib import Path

import aiohttp

from agent import clock
from agent.local.deployment import Deployment
from agent.local.ledger import SelfStopCalled, SignalSent
from agent.local.platform import Platform
from agent.logs.spoolreader import SpoolReader
from tests.e2e.inside import call, kill_agent
from tests.fakes.logstore import Reply, Sent, Store
from tests.fakes.shelf import Shelf

from .scene import MIB, Scene

STOP_TIMEOUT = 4.0
OWN_STOP = {"AGENT_STOP_TIMEOUT": f"{STOP_TIMEOUT:g}s", "SCRIBE_LAST": "100"}


class Moody:
    """A fault as long as a switch is on."""

    def __init__(self, fault: Reply) -> None:
        self.fault: Reply | None = fault

    def __call__(self, _: Sent) -> Reply | None:
        return self.fault


async def end_match(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        await call(session, "POST", f"{url}/v1/ready")
        await call(session, "POST", f"{url}/v1/match/end")


def url_of(deployment: Deployment) -> str:
    found = re.search(rb"AGENT_URL=(\S+)", deployment.stderr)
    assert found
    return found[1].decode()


async def test_store_that_hangs_does_not_delay_the_self_stop(tmp_path: Path) -> None:
    shelf = Shelf(Moody(Reply(fault="hang")))
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        deployment = await scene.begin(platform, backlog=MIB, grace=5.0, env=OWN_STOP)
        begun_at = clock.now()
        await end_match(url_of(deployment))
        await deployment.recorded(SelfStopCalled)
        await deployment.terminated()
    asked = next(r for r in deployment.records if isinstance(r, SelfStopCalled))
    assert asked.answer == "202"
    assert asked.at - begun_at < STOP_TIMEOUT
    assert deployment.exit_status == 0
    scene.assert_nothing_is_lost(deployment)


async def test_rest_goes_out_while_sigterm_is_awaited(tmp_path: Path) -> None:
    """1. The store is out of order. 2. The self-stop goes out in time. 3. The store is back."""
    moody = Moody(Reply(503))
    shelf = Shelf(moody)
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        deployment = await scene.begin(
            platform, backlog=3 * MIB, grace=5.0, env=OWN_STOP, stop_delay=None
        )
        await end_match(url_of(deployment))
        await deployment.recorded(SelfStopCalled)
        moody.fault = None
        await deployment.wrote("left 0, dropped 0")
        assert b"".join(shelf.spans("stdout").values()) == scene.copy


async def test_sigterm_after_a_self_stop_leaves_its_grace_to_the_rest(tmp_path: Path) -> None:
    moody = Moody(Reply(503))
    shelf = Shelf(moody)
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        deployment = await scene.begin(
            platform, backlog=3 * MIB, grace=10.0, env=OWN_STOP, stop_delay=0.2
        )
        await end_match(url_of(deployment))
        await deployment.recorded(SignalSent)
        moody.fault = None
        await deployment.terminated()
    assert b"left 0, dropped 0" in deployment.stderr
    assert deployment.exit_status == 0
    assert b"".join(shelf.spans("stdout").values()) == scene.copy


async def test_agent_killed_under_load_sends_every_sealed_byte_once(tmp_path: Path) -> None:
    """Killed as a request comes in: the store has the object, nobody knows of it."""
    arrived = asyncio.Event()

    def watch(_: Sent) -> None:
        arrived.set()

    shelf = Shelf(watch)
    env = {"SCRIBE_RATE": "100", "SCRIBE_CHUNK": "20000"}
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        deployment = await scene.begin(platform, backlog=3 * MIB, grace=10.0, env=env)
        for _ in range(8):
            arrived.clear()
            await arrived.wait()
            await kill_agent(deployment)
        arrived.clear()
        await arrived.wait()
        deployment.stop()
        await deployment.terminated()
    scene.assert_nothing_is_lost(deployment)
    assert b"".join(shelf.spans("stdout").values()) == scene.copy
    assert b"left 0, dropped 0" in deployment.stderr


async def test_what_was_left_is_sent_first_at_the_next_start(tmp_path: Path) -> None:
    """The folder is on a volume: the next life finds it, sends it under the old name.

    vector#19600: a disk buffer was not shipped within the time, nor after it.
    """
    moody = Moody(Reply(503))
    shelf = Shelf(moody)
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        first = await scene.begin(platform, backlog=3 * MIB, grace=2.0)
        first.stop()
        await first.terminated()
        assert not shelf.objects
        copy = scene.copy
        (old,) = (tmp_path / "spool").iterdir()
        pieces = len(SpoolReader(old).pieces())
        (tmp_path / "copy").unlink()
        moody.fault = None
        second = await scene.begin(platform, backlog=MIB // 2, grace=5.0)
        second.stop()
        await second.terminated()
    sessions = list(dict.fromkeys(target.split("/")[-2] for target in shelf.objects))
    assert len(sessions) == 2
    of_old = {t: text for t, text in shelf.objects.items() if f"/{sessions[0]}/" in t}
    assert len(of_old) == pieces
    whole = b"".join(text for t, text in sorted(of_old.items()) if "/stdout-" in t)
    assert whole == copy
    assert not old.exists()


async def test_people_see_lines_flush_them_know_what_is_left(tmp_path: Path) -> None:
    shelf = Shelf()
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        deployment = await scene.begin(platform, backlog=1000, grace=5.0)
        url = url_of(deployment)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/v1/logs?tail=1&source=stdout") as answer:
                assert await answer.read() == scene.copy[-len(scene.copy.splitlines()[-1]) - 1 :]
            told = await call(session, "POST", f"{url}/v1/logs/flush?wait=20")
            (sink,) = told["sinks"]
            assert (sink["name"], sink["left_bytes"], sink["trouble"]) == (
                "s3://bucket/logs",
                0,
                "",
            )
            status = await call(session, "GET", f"{url}/v1/status")
        assert status["logs"]["sinks"][0]["delivered_bytes"] >= 1000
        assert b"".join(shelf.spans("stdout").values()) == scene.copy
        deployment.stop()
        await deployment.terminated()
