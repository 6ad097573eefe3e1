"""The hang signal reaches the game's group once, whatever stop signal it has had."""

import os
import signal
from pathlib import Path

import pytest

from .stage import PLATFORM, game, stage


def test_hang_signal_is_sent_once_a_life_beside_the_stop_signal() -> None:
    with stage(*game("signalled")) as it:
        agent = it.agent()
        agent.hello()
        it.line()
        for _ in range(2):
            agent.say("signal_game", signum=int(signal.SIGUSR1))
            agent.say("abort_game", signum=int(signal.SIGUSR2))
        assert {it.line(), it.line()} == {"USR1", "USR2"}
        agent.say("abort_game", signum=999)
        agent.say("resync")
        agent.hear("truth")
        agent.say("kill_game")
        agent.hear("game_exited")
        agent.say("leave", status=0)
        assert it.rest()[0] == ""


def test_restarted_game_begins_where_the_first_one_did(tmp_path: Path) -> None:
    with stage("sh", "-c", "pwd; exec sleep 60", environ=PLATFORM, cwd=tmp_path) as it:
        agent = it.agent()
        truth = agent.hello()
        assert truth["game"]["folder"] == str(tmp_path)
        assert it.line() == str(tmp_path)
        agent.say("kill_game")
        agent.hear("game_exited")
        agent.say("restart_game")
        agent.hear("game_started")
        assert it.line() == str(tmp_path)
        assert Path(f"/proc/{it.pid}/cwd").readlink() == Path("/")


def test_restarted_game_starts_though_its_folder_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "game"
    folder.mkdir()
    with stage("sh", "-c", "echo up; exec sleep 60", environ=PLATFORM, cwd=folder) as it:
        agent = it.agent()
        agent.hello()
        assert it.line() == "up"
        agent.say("kill_game")
        agent.hear("game_exited")
        folder.rmdir()
        agent.say("restart_game")
        agent.hear("game_started")
        assert it.line() == "up"


def test_hang_signal_reaches_the_server_behind_a_shell_which_may_still_write() -> None:
    """The shell dies of it at once; the server, in the same group, writes its stack first."""
    code = (
        "import os, signal, time\n"
        "def stack(*_):\n"
        "    time.sleep(0.2)\n"
        "    os.write(1, b'the stack\\n')\n"
        "    os._exit(3)\n"
        "signal.signal(signal.SIGABRT, stack)\n"
        "os.write(1, b'up\\n')\n"
        "signal.pause()\n"
    )
    with stage("sh", "-c", 'python3 -c "$CODE"; true', environ={**PLATFORM, "CODE": code}) as it:
        agent = it.agent()
        group = agent.hello()["game"]["pid"]
        assert it.line() == "up"
        agent.say("abort_game", signum=int(signal.SIGABRT))
        assert agent.hear("game_exited")["status"] & 0x7F == signal.SIGABRT
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
        assert it.line() == "the stack"
