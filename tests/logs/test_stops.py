"""A stop by the platform, whatever the store does: out in time, nothing lost, the tail first."""

import re
from pathlib import Path

import pytest

from agent.local.platform import Platform
from tests.fakes.logstore import Reply, Store
from tests.fakes.shelf import Narrow, Shelf

from .scene import MIB, Scene, seconds_to_exit

GRACE = 5.0


@pytest.mark.parametrize(
    ("backlog", "last", "how"),
    [
        (20 * MIB, 100, "leave"),
        (0, 3 * MIB, "leave"),
        (5 * MIB, 100, "ignore"),
        (1 * MIB, 100, "crash"),
        (1 * MIB, 100, "child"),
    ],
)
async def test_store_that_is_fast_has_all_of_it(
    tmp_path: Path, backlog: int, last: int, how: str
) -> None:
    """fluent-bit#4093, containers-roadmap#579: five seconds were too short for what was left."""
    shelf = Shelf()
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        env = {"SCRIBE_LAST": str(last), "SCRIBE_TERM": how}
        deployment = await scene.begin(platform, backlog=backlog, grace=GRACE, env=env)
        deployment.stop()
        await deployment.terminated()
    assert seconds_to_exit(deployment) < GRACE
    scene.assert_nothing_is_lost(deployment)
    assert b"".join(shelf.spans("stdout").values()) == scene.copy
    assert b"".join(shelf.spans("stderr").values()) + b"agent" in deployment.stderr + b"agent"
    line = re.search(rb"logs: shipped (\d+) bytes in (\d+) objects.* left 0,", deployment.stderr)
    assert line, deployment.stderr
    assert int(line[1]) == sum(map(len, shelf.objects.values()))
    assert int(line[2]) == len(shelf.objects)
    assert not shelf.repeats


@pytest.mark.parametrize(
    "reply",
    [
        Reply(fault="hang"),
        Reply(fault="half"),
        Reply(fault="reset"),
        Reply(503),
        Reply(429, headers=(("Retry-After", "60"),)),
        Reply(403),
    ],
    ids=["hang", "half", "reset", "503", "429", "403"],
)
async def test_store_that_fails_costs_no_more_than_the_grace(tmp_path: Path, reply: Reply) -> None:
    """loki#6533, alloy#4509, vector#9739, moby#53143: a stop hangs while the sink is down."""
    shelf = Shelf(lambda _: reply)
    async with Store(usually=shelf) as store, Platform(hears_lines=False) as platform:
        scene = Scene(tmp_path, store.host, shelf)
        env = {"SCRIBE_LAST": "100"}
        deployment = await scene.begin(platform, backlog=5 * MIB, grace=GRACE, env=env)
        deployment.stop()
        await deployment.terminated()
    assert seconds_to_exit(deployment) < GRACE
    assert deployment.exit_status == 0
    scene.assert_nothing_is_lost(deployment)
    assert re.search(rb"logs: shipped 0 bytes in 0 objects.* dropped 0", deployment.stderr)


async def test_tail_overtakes_the_backlog_of_a_slow_store(tmp_path: Path) -> None:
    """vector#18133, fluent-bit#5960: what was written last is what explains the end."""
    shelf = Shelf()
    async with (
        Store(usually=shelf) as store,
        Narrow(int(store.host.partition(":")[2]), 500_000) as narrow,
        Platform(hears_lines=False) as platform,
    ):
        scene = Scene(tmp_path, narrow.host, shelf)
        env = {"SCRIBE_LAST": "1000"}
        deployment = await scene.begin(platform, backlog=40 * MIB, grace=GRACE, env=env)
        deployment.stop()
        await deployment.terminated()
    assert seconds_to_exit(deployment) < GRACE
    scene.assert_nothing_is_lost(deployment)
    scene.assert_tail_is_there()
    assert b"".join(shelf.spans("stdout").values()) != scene.copy
