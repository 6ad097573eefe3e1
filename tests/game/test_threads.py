"""A process is told of thread by thread, socket by socket."""

import os
import socket
import threading
from pathlib import Path

from agent.game import threads
from tests.waiting import until


def test_threads_are_told_with_their_state() -> None:
    done, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        done.wait()

    other = threading.Thread(target=wait)
    other.start()
    begun.wait()
    try:
        tid = other.native_id or 0
        until(lambda: "S" in Path(f"/proc/self/task/{tid}/stat").read_text().rpartition(")")[2])
        found = {each.tid: each for each in threads.threads([os.getpid()])}
        assert {os.getpid(), tid} <= set(found)
        assert found[os.getpid()].state == "R"
        assert found[os.getpid()].cpu_ticks > 0
        assert found[tid].state == "S"
    finally:
        done.set()
        other.join()


def test_process_that_is_gone_has_no_threads() -> None:
    assert list(threads.threads([0])) == []
    assert threads.inodes([0]) == frozenset()
    assert list(threads.sockets(0, None)) == []


def test_thread_of_which_nothing_may_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "7" / "task" / "7").mkdir(parents=True)
    assert list(threads.threads([7], tmp_path)) == []


def test_sockets_are_told_with_what_waits_in_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            taken, _ = server.accept()
            with taken:
                client.sendall(b"12345")
                held = threads.inodes([os.getpid()])
                told = list(threads.sockets(os.getpid(), held))
    assert f"tcp {port} listening, 0 bytes unread, 0 unsent" in told
    assert any("established, 5 bytes unread" in line and f"tcp {port} ↔" in line for line in told)
    assert all("listening" not in line for line in threads.sockets(os.getpid(), frozenset()))
