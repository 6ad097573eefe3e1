"""What a killed life has left behind, where nobody is owed it."""

import fcntl
import os
from pathlib import Path

import pytest

from agent import clock
from agent.logs import leftovers
from agent.logs.volume import FILE


def spool(place: Path, name: str, age: float = 3600.0) -> Path:
    folder = place / f"arbitrium-agent-{name}"
    folder.mkdir()
    (folder / "stdout-1.log").write_bytes(b"a line\n")
    at = clock.wall() - age
    os.utime(folder, (at, at))
    return folder


def test_spool_of_a_killed_life_is_removed(tmp_path: Path) -> None:
    current, dead = spool(tmp_path, "current"), spool(tmp_path, "dead")
    leftovers.sweep(current)
    assert current.exists()
    assert not dead.exists()


def test_spool_of_a_neighbour_that_lives_is_left_alone(tmp_path: Path) -> None:
    current, neighbour = spool(tmp_path, "current"), spool(tmp_path, "neighbour")
    held = os.open(neighbour, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    leftovers.sweep(current)
    assert neighbour.exists()
    os.close(held)
    leftovers.sweep(current)
    assert not neighbour.exists()


def test_spool_that_a_sink_is_owed_stays(tmp_path: Path) -> None:
    current, owed = spool(tmp_path, "current"), spool(tmp_path, "owed")
    (owed / FILE).write_text("{}")
    at = clock.wall() - 3600
    os.utime(owed, (at, at))
    leftovers.sweep(current)
    assert owed.exists()


def test_spool_that_was_made_this_minute_is_left_alone(tmp_path: Path) -> None:
    """Its PID 1 may not have locked it yet."""
    current, fresh = spool(tmp_path, "current"), spool(tmp_path, "fresh", age=1.0)
    leftovers.sweep(current)
    assert fresh.exists()


def test_link_to_somewhere_else_is_not_followed(tmp_path: Path) -> None:
    current, target = spool(tmp_path, "current"), tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / "arbitrium-agent-link").symlink_to(target)
    leftovers.sweep(current)
    assert target.exists()


def test_spool_of_another_user_is_left_alone(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to give a folder away")
    current, foreign = spool(tmp_path, "current"), spool(tmp_path, "foreign")
    os.chown(foreign, 1000, 1000)
    leftovers.sweep(current)
    assert foreign.exists()
