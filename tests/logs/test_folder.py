"""Logs as files on a volume: whole or not there, never waited for at the end."""

import asyncio
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent import clock
from agent.errors import SettingsError
from agent.logs import objectkey
from agent.logs.attempts import Attempts
from agent.logs.folder import Folder
from agent.logs.parcel import Delivered, Failed, Parcel, Refused, Sink
from agent.logs.stores import make_sink
from tests.logs.parcels import LABELS, parcel

ROOT = Path(__file__).parents[2]


def folder(path: Path, query: str = "") -> Sink:
    return make_sink(f"file://{path}{query}", {}, {})


def files(path: Path) -> list[Path]:
    return [each for each in sorted(path.rglob("*")) if each.is_file()]


async def test_file_holds_the_very_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    sink = folder(tmp_path)
    assert await sink.deliver(parcel(data), LABELS, 20) == Delivered()
    (file,) = files(tmp_path)
    assert gzip.decompress(file.read_bytes()) == data
    assert sink.counters() == {}
    assert str(file.relative_to(tmp_path)) == objectkey.compose(parcel(data), LABELS)


async def test_file_is_readable_as_it_is_where_that_is_wanted(tmp_path: Path) -> None:
    assert (
        await folder(tmp_path, "?compress=none").deliver(parcel(b"x\n"), LABELS, 20) == Delivered()
    )
    (file,) = files(tmp_path)
    assert (file.suffix, file.read_bytes()) == (".log", b"x\n")


async def test_repeat_changes_nothing(tmp_path: Path) -> None:
    sink = folder(tmp_path)
    await sink.deliver(parcel(), LABELS, 20)
    (file,) = files(tmp_path)
    before = file.stat()
    assert await sink.deliver(parcel(), LABELS, 20) == Delivered()
    assert files(tmp_path) == [file]
    assert file.stat().st_mtime_ns == before.st_mtime_ns


async def test_half_a_file_of_an_agent_that_was_killed_is_written_anew(tmp_path: Path) -> None:
    key = tmp_path / objectkey.compose(parcel(), LABELS)
    key.parent.mkdir(parents=True)
    key.with_name(f".{key.name}.part").write_bytes(b"torn")
    assert await folder(tmp_path).deliver(parcel(), LABELS, 20) == Delivered()
    assert files(tmp_path) == [key]


async def test_volume_that_is_not_mounted_is_said_instead_of_written_to(tmp_path: Path) -> None:
    missing = tmp_path / "volume"
    outcome = await folder(missing).deliver(parcel(), LABELS, 20)
    assert outcome == Refused("there is no such folder; mount the volume, or create it")
    assert not missing.exists()
    missing.mkdir()
    assert await folder(missing).deliver(parcel(), LABELS, 20) == Delivered()


async def test_place_that_cannot_be_written_is_the_operators_fault(tmp_path: Path) -> None:
    (tmp_path / "2025").write_text("in the way")
    outcome = await folder(tmp_path).deliver(parcel(), LABELS, 20)
    assert isinstance(outcome, Refused)
    assert "let the agent's user write there" in outcome.detail


FULL = """
import asyncio, resource, signal, sys
from agent.logs.stores import make_sink
from agent.logs.records import Style
from tests.logs.parcels import LABELS, parcel
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
usual = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, usual[1]))
sink = make_sink(f"file://{sys.argv[1]}?compress=none", {}, {})
outcome = asyncio.run(sink.deliver(parcel(b"x" * 100_000), LABELS, 20))
resource.setrlimit(resource.RLIMIT_FSIZE, usual)
print(outcome)
"""


def test_write_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on file sizes (EFBIG) stands in for a full disk, which needs a mount."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.startswith("Failed(detail='File too large'")
    assert files(tmp_path) == []


async def test_volume_that_hangs_holds_one_file_not_the_others(tmp_path: Path) -> None:
    """A pipe in the place of the file: opening it waits for a reader that does not come."""
    sink = folder(tmp_path, "?compress=none")
    assert isinstance(sink, Attempts)
    assert isinstance(sink.store, Folder)
    key = tmp_path / objectkey.compose(parcel(), LABELS).removesuffix(".gz")
    key.parent.mkdir(parents=True)
    part = key.with_name(f".{key.name}.part")
    os.mkfifo(part)
    stuck = asyncio.create_task(sink.deliver(parcel(), LABELS, 60))
    while not sink.store._busy:
        await clock.wait(asyncio.Event(), 0.001)
    again = await sink.deliver(parcel(), LABELS, 60)
    assert again == Failed("the volume has not answered the attempt before")
    assert await sink.deliver(parcel(b"other\n", start=99), LABELS, 60) == Delivered()
    await sink.aclose()
    # Let the thread go: it can open the pipe once somebody reads, but not sync it.
    reader = await asyncio.to_thread(os.open, part, os.O_RDONLY)
    assert await stuck == Failed("Invalid argument")
    os.close(reader)
    assert await sink.deliver(parcel(), LABELS, 60) == Delivered()


HANGS = """
import asyncio, os, sys
from pathlib import Path
from agent.logs import objectkey
from agent.logs.stores import make_sink
from agent.logs.records import Style
from tests.logs.parcels import LABELS, parcel
root = Path(sys.argv[1])
key = root / objectkey.compose(parcel(), LABELS)
key.parent.mkdir(parents=True)
os.mkfifo(key.with_name(f".{key.name}.part"))
sink = make_sink(f"file://{root}", {}, {})
print(asyncio.run(sink.deliver(parcel(), LABELS, 0.05)))
"""


def test_moby_53143_dead_volume_does_not_hold_the_exit(tmp_path: Path) -> None:
    """Docker's ring waits for a driver that never returns, so the container stays up."""
    done = subprocess.run(
        [sys.executable, "-c", HANGS, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert "no answer within" in done.stdout


@pytest.mark.parametrize("url", ["file://nas/logs", "file:///", "file://", "file:///a?compres=1"])
def test_url_that_names_no_folder_is_refused_with_the_fix(url: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot use .*; (write|did you mean)"):
        make_sink(url, {}, {})


async def test_gamelift_refused_a_log_over_its_limit_but_size_is_no_reason(tmp_path: Path) -> None:
    """amazon-gamelift-plugin-unity#272: over the limit nothing at all is uploaded."""
    data = os.urandom(1 << 20) * 20
    once = Parcel("stdout", 0, data, ((0, 1),), is_tail=True)
    assert await folder(tmp_path).deliver(once, LABELS, 60) == Delivered()
    (file,) = files(tmp_path)
    assert gzip.decompress(file.read_bytes()) == data
