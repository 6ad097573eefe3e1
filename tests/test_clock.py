"""Boot-time seconds, with waiting on them."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from agent import clock

ROOT = str(Path(clock.__file__).parents[1])


def test_now_is_the_clock_that_every_process_of_the_container_shares() -> None:
    before = clock.now()
    code = f"import sys; sys.path.insert(0, {ROOT!r}); from agent import clock; print(clock.now())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert before < float(done.stdout) < clock.now()


def test_wall_counts_from_1970() -> None:
    assert abs(clock.wall() - time.time()) < 5  # noqa: TID251 - what it is compared with


async def test_wait_ends_with_its_event() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    assert await clock.wait(event, 60)


async def test_wait_ends_with_its_time() -> None:
    assert not await clock.wait(asyncio.Event(), 0.01)
    assert not await clock.wait(asyncio.Event(), 0)


async def test_event_that_has_come_already_needs_no_time() -> None:
    event = asyncio.Event()
    event.set()
    assert await clock.wait(event, 60)


def test_the_clock_is_light() -> None:
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r}); import agent.clock;"
        "print('asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
