import contextlib
import os
import pty
import select
import signal
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import measured
from tests.pid1.stage import clean_environ, game
from tests.waiting import until

MODES = [pytest.param([], id="agent"), pytest.param(["--no-agent"], id="plain")]


class Screen:
    """A terminal with PID 1 on it."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def see(self, text: str) -> None:
        """Wait until *text* stands on it; what is before it counts no more."""
        while text not in self.seen:
            assert select.select([self.fd], [], [], 20)[0], f"no {text!r} in {self.seen!r}"
            self.seen += os.read(self.fd, 4096).decode()
        self.seen = self.seen.partition(text)[2]

    def wait(self) -> int:
        with contextlib.suppress(OSError):  # EIO: the last one has closed it
            while piece := os.read(self.fd, 4096):
                self.seen += piece.decode()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextlib.contextmanager
def screen(*words: str) -> Iterator[Screen]:
    entry = measured.entrypoint()
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(entry, [entry, *words], clean_environ())
    it = Screen(pid, fd)
    try:
        yield it
    finally:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(fd)


@pytest.mark.parametrize("mode", MODES)
def test_game_owns_the_terminal(mode: list[str]) -> None:
    with screen(*mode, "--", *game("terminal")) as it:
        it.see("front True True")
        it.type("hello\n")
        it.see("read hello")
        it.type("stop\n")
        assert it.wait() == 4


@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_reaches_the_game_once(mode: list[str]) -> None:
    with screen(*mode, "--", *game("terminal")) as it:
        it.see("front")
        it.type("\x03")
        it.see("INT")
        it.type("stop\n")
        assert it.wait() == 4
        assert "INT" not in it.seen


@pytest.mark.parametrize("mode", MODES)
def test_shell_has_job_control(mode: list[str]) -> None:
    with screen(*mode, "--", "sh", "-i", "-m") as it:
        it.type("sleep 1000\n")
        # Between fork and exec it is still a shell, which takes no Ctrl-Z.
        until(lambda: _name(os.tcgetpgrp(it.fd)) == "sleep", what="the job in front")
        it.type("\x1a")
        it.see("Stopped")
        it.type("kill -9 %1\nexit 3\nexit 3\n")  # once more, should it warn of the job
        assert it.wait() == 3
        assert "job control" not in it.seen


def test_status_says_that_the_log_is_not_kept() -> None:
    with screen("--", *game("terminal")) as it:
        it.see("the game has the terminal on stdout: its log is not kept")
        it.see("stderr: its log is not kept")


def test_stop_from_the_keyboards_shell_suspends_both_until_they_go_on() -> None:
    """SIGTSTP: the child stops, then we; SIGCONT wakes both."""
    with screen("--no-agent", "--", *game("terminal")) as it:
        it.see("front")
        os.kill(it.pid, signal.SIGTSTP)
        assert os.WIFSTOPPED(os.waitpid(it.pid, os.WUNTRACED)[1])
        os.kill(it.pid, signal.SIGCONT)
        it.type("stop\n")
        assert it.wait() == 4


def test_terminal_keeps_its_modes() -> None:
    with screen("--no-agent", "--", *game("terminal")) as it:
        it.see("front")
        assert termios.tcgetattr(it.fd)[3] & termios.ISIG


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
