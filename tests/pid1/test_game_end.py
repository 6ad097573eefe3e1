import os
import signal
import time
from pathlib import Path

import pytest

from tests.pid1.stage import GAMES, PLATFORM, game, is_gone, run, stage


def test_short_command_outside_edgegap_does_not_wait_for_an_agent() -> None:
    result = run("--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (result.returncode, result.stdout) == (7, "out\n")
    assert "err\n" in result.stderr
    assert "agent[pid1]: the game ended: exit status 7" in result.stderr


@pytest.mark.parametrize("name", ["AGENT_ON_GAME_EXIT", "AGENT_ON_GAME_CRASH", "AGENT_LOG_SINK"])
def test_agent_decides_about_an_end_that_a_setting_is_about(name: str) -> None:
    with stage("--", "sh", "-c", "exit 7", environ={name: "x"}) as it:
        agent = it.agent()
        status = agent.hello()["game"]["exit"]
        if status is None:  # on a busy machine the agent may be up before the game is gone
            status = agent.hear("game_exited")["status"]
        assert status == 7 << 8
        agent.say("leave", status=5, why="it said so")
        assert it.wait() == 5


def test_agent_that_is_up_decides_about_the_end() -> None:
    with stage("--", *game("signalled", "TERM=7")) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        agent.say("signal_game", signum=int(signal.SIGTERM))
        message = agent.hear("game_exited")
        assert message["status"] == 7 << 8
        agent.say("leave", status=message["status"] >> 8, why="game exited")
        assert it.wait() == 7


def test_game_is_restarted_by_the_agents_order() -> None:
    """The second life may be signalled again; its stdin is as open as the first one's."""
    with stage("--", *game("signalled", "TERM=7"), environ=PLATFORM) as it:
        first = it.line()
        agent = it.agent()
        agent.hello()
        for _ in range(3):
            agent.say("signal_game", signum=int(signal.SIGTERM))
            assert it.line() == "TERM"
            pid = agent.hear("game_exited")["pid"]
            agent.say("restart_game")
            started = agent.hear("game_started")
            assert started["pid"] != pid
            assert it.line() == f"up {started['pid']}" != first


def test_running_game_is_not_started_twice() -> None:
    with stage("--", *game("signalled", "TERM=7"), environ=PLATFORM) as it:
        pid = int(it.line().split()[1])
        agent = it.agent()
        agent.hello()
        agent.say("restart_game")
        agent.say("resync")
        assert agent.hear("truth")["game"]["pid"] == pid


def test_restart_that_fails_is_told() -> None:
    script = 'rm "$0"; exit 1'
    with stage("--", "./server", environ=PLATFORM, script=script) as it:
        agent = it.agent()
        agent.hello()
        agent.say("restart_game")
        assert "no such file" in agent.hear("game_not_started")["why"]
        it.line_with("cannot run './server'")


def test_stop_cancels_a_restart() -> None:
    environ = {**PLATFORM, "AGENT_GRACE": "1h"}
    with stage("--", *game("signalled", "TERM=0"), environ=environ) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        it.signal(signal.SIGTERM)
        agent.hear("game_exited")
        agent.say("restart_game")
        agent.say("resync")
        assert agent.hear("truth")["game"]["exit"] == 0
        agent.say("leave", status=0, why="stopped")
        assert it.wait() == 0
        assert it.rest()[0] == "TERM\n"


def test_stdin_is_fed_and_never_ends() -> None:
    with stage("--", "sh", "-c", 'while read x; do echo "got $x"; done', environ=PLATFORM) as it:
        agent = it.agent()
        agent.hello()
        agent.say("write_stdin", text="save-all\nstop\n")
        assert [it.line(), it.line()] == ["got save-all", "got stop"]
        agent.say("write_stdin", text="again\n")
        assert it.line() == "got again"


def test_game_that_does_not_read_its_stdin_blocks_nobody() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        for _ in range(5):
            agent.say("write_stdin", text="x" * 30_000)
        it.line_with("does not read its stdin")
        agent.say("resync")
        agent.hear("truth")


def test_dead_agents_game_that_ends_on_the_platform_is_told_by_a_rescue() -> None:
    """1. Five agents fail. 2. The game ends. 3. A rescue tells. 4. SIGTERM is awaited."""
    with stage("--", *game("signalled", "USR1=7"), environ=PLATFORM, namespace=True) as it:
        it.line()
        for _ in range(5):
            it.agent().end(1)
        it.line_with("ended before it was up")
        it.signal(signal.SIGUSR1)
        rescue = it.agent()
        assert rescue.module == "rescue"
        truth = rescue.hello()
        assert truth["secrets"]["ARBITRIUM_DELETE_URL"] == PLATFORM["ARBITRIUM_DELETE_URL"]
        assert len(rescue.fds) == 3
        rescue.say("reported", outcome="accepted", detail="202")
        it.line_with("self-stop: accepted 202")
        assert it.process.poll() is None
        it.signal(signal.SIGTERM)
        assert it.wait() == 0


def test_game_that_ends_while_no_agent_can_start_leaves_outside_the_platform() -> None:
    with stage("--", *game("signalled", "USR1=7"), environ={"AGENT_ON_GAME_EXIT": "stop"}) as it:
        it.line()
        for _ in range(5):
            it.agent().end(1)
        it.signal(signal.SIGUSR1)
        assert it.wait() == 7


@pytest.mark.parametrize(
    ("words", "environ", "status"),
    [
        ([], {}, 78),
        (["--bogus", "--", "true"], {}, 78),
        (["--", "true"], {"AGENT_STRICT": "1", "AGENT_GRACE": "soon"}, 78),
        (["--", "true"], {"AGENT_GAME_USER": "nobody-of-that-name"}, 78),
        (["--", "/no/such/server"], {}, 127),
        (["--", "/etc/passwd"], {}, 126),
    ],
)
def test_game_that_cannot_start_on_the_platform_is_told_by_a_rescue(
    words: list[str], environ: dict[str, str], status: int
) -> None:
    """With restart policy "always" an exit would bill a loop for ever."""
    with stage(*words, environ={**PLATFORM, **environ}, namespace=True) as it:
        rescue = it.agent()
        assert rescue.module == "rescue"
        rescue.hello()
        assert it.process.poll() is None
        it.signal(signal.SIGTERM)
        assert it.wait() == status
        assert "agent[pid1]: cannot" in it.rest()[1]


def test_last_line_without_its_end_comes_out() -> None:
    assert run("--", "printf", "no newline").stdout == "no newline"


def test_output_is_passed_on_byte_for_byte() -> None:
    result = run("--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo e >&2")
    assert result.stdout == "x" * 3_000_000 + "\n"
    assert "e\n" in result.stderr


def test_secrets_are_secrets_after_a_fault_too() -> None:
    environ = {**PLATFORM, "AGENT_SECRET_NAMES": "DB_*", "DB_PASSWORD": "hidden"}
    with stage("--bogus", "--", "true", environ=environ) as it:
        rescue = it.agent()
        assert b"hidden" not in Path(f"/proc/{rescue.pid}/environ").read_bytes()
        assert rescue.hello()["secrets"]["DB_PASSWORD"] == "hidden"


def test_game_that_still_runs_does_not_outlive_us_whatever_the_policy() -> None:
    with stage("--leftovers", "none", "--", *game("stubborn"), environ=PLATFORM) as it:
        pids = [int(word) for word in it.line().split()]
        agent = it.agent()
        agent.hello()
        agent.say("leave", status=0, why="test")
        assert it.wait() == 0
        assert all(is_gone(pid) for pid in pids)


def test_server_behind_a_shell_is_waited_for_with_one_signal() -> None:
    """1. SIGTERM ends the shell at once. 2. Its server is still saving. 3. It may, to the end."""
    script = str(GAMES / "wrapper.sh")
    with stage("--", script, "1.5", environ={"AGENT_GRACE": "20s"}) as it:
        assert it.line() == "up"
        it.signal(signal.SIGTERM)
        out, _ = it.rest()
    assert out.splitlines() == ["SIGTERM 1", "saved"]


def test_slow_reader_gets_all_of_it_after_the_games_end() -> None:
    """What the reader has not taken when the game ends is not thrown away while it takes some."""
    script = "head -c 12000000 /dev/zero | tr '\\0' x; echo; echo last line"
    with stage("--", "sh", "-c", script, environ={"AGENT_GRACE": "20s"}) as it:
        assert it.process.stdout
        taken = b""
        while chunk := os.read(it.process.stdout.fileno(), 65_536):
            taken += chunk
            time.sleep(0.015)  # 4 MB/s: slower than two seconds allow, which is the point
        assert len(taken) == 12_000_000 + len("\nlast line\n")
        assert taken.endswith(b"last line\n")
