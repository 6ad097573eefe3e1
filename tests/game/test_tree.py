"""The game's descendants with their sockets."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from agent.game import tree
from tests.fakes.proc import proc_of
from tests.waiting import until


def test_zombie_among_the_descendants_hides_nothing() -> None:
    """A process that is dead but not reaped has no descriptors, which is no obstacle."""
    with subprocess.Popen(["true"]) as dead, socket.create_server(("127.0.0.1", 0)) as server:
        until(lambda: Path(f"/proc/{dead.pid}/stat").read_text().split()[2] == "Z")
        assert dead.pid in tree.descendants(os.getpid())
        inode = os.fstat(server.fileno()).st_ino
        pids = [dead.pid, os.getpid()]
        assert tree.held_sockets(pids, frozenset({inode})) == tree.Held(
            frozenset({inode}), is_whole=True
        )
        none = tree.held_sockets([dead.pid], frozenset({inode}))
        assert none == tree.Held(frozenset(), is_whole=True)
        assert tree.lists_children(os.getpid())


def test_look_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_DESCRIPTORS", 1)
    held = tree.held_sockets([7], frozenset({1678, 1}), Path(proc_of(tmp_path)))
    assert not held.is_whole
    monkeypatch.setattr(tree, "MAX_PROCESSES", 2)
    (tmp_path / "7" / "task" / "7" / "children").write_text("8 9 10")
    assert tree.descendants(7, tmp_path) == [7, 8]


def test_process_that_goes_under_our_eyes_has_no_children(tmp_path: Path) -> None:
    (tmp_path / "7" / "task" / "7" / "children").mkdir(parents=True)  # unreadable as a file
    assert tree.descendants(7, tmp_path) == [7]


def test_descriptor_that_closes_under_our_eyes_is_no_socket(tmp_path: Path) -> None:
    assert tree._inode(str(tmp_path / "none")) is None
