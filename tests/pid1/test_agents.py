import os
import signal
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from agent.pid1 import wire
from tests.pid1.stage import PLATFORM, Stage, clean_environ, fake_root, game, stage
from tests.waiting import until


def test_truth_is_told_in_answer_to_hello_only() -> None:
    with stage("--", *game("signalled", "TERM=0"), environ=PLATFORM) as it:
        pid = int(it.line().split()[1])
        agent = it.agent()
        agent.channel.setblocking(False)
        with pytest.raises(BlockingIOError):
            agent.channel.recv(1)
        agent.channel.settimeout(20)
        truth = agent.hello()
        assert truth["game"]["pid"] == pid
        assert truth["start"] == 1
        assert truth["secrets"]["ARBITRIUM_DELETE_TOKEN"] == "delete-secret"
        assert truth["grace"] == 5
        assert Path(truth["spool"]).is_dir()


def test_agents_death_does_not_disturb_the_game() -> None:
    """Six SIGKILLs: the game keeps its pid, each new agent hears the same life."""
    with stage("--", *game("signalled", "TERM=0"), environ=PLATFORM) as it:
        pid = int(it.line().split()[1])
        for start in range(1, 7):
            agent = it.agent()
            truth = agent.hello()
            assert (truth["start"], truth["game"]["pid"]) == (start, pid)
            os.kill(agent.pid, signal.SIGKILL)
        it.signal(signal.SIGUSR1)
        assert it.line() == "USR1"


def test_configured_settings_spare_the_next_agent_the_configuration() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        agent = it.agent()
        assert agent.module == "configure"
        agent.hello()
        os.write(agent.settings, b"settings")
        os.pwrite(agent.state, b"kept", wire.SLOTS_OFFSET)
        agent.end()
        agent = it.agent()
        assert agent.module == "wiring"
        assert os.pread(agent.state, 4, wire.SLOTS_OFFSET) == b"kept"


def test_two_agents_that_cannot_configure_are_followed_by_the_defaults() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        for _ in range(2):
            agent = it.agent()
            assert agent.module == "configure"
            agent.end(1)
        agent = it.agent()
        assert (agent.module, agent.arguments[-1]) == ("wiring", "--defaults")


def test_settings_that_no_service_can_use_are_thrown_away() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        agent = it.agent()
        os.write(agent.settings, b"rubbish")
        agent.end(1)
        agent = it.agent()
        assert agent.module == "wiring"
        agent.end(1)
        agent = it.agent()
        assert agent.module == "configure"
        assert os.fstat(agent.settings).st_size == 0


def test_five_deaths_before_hello_refuse_callers_but_leave_the_game_alone() -> None:
    with stage("--", *game("signalled", "TERM=0"), environ=PLATFORM) as it:
        it.line()
        for _ in range(4):
            it.agent().end(1)
        agent = it.agent()
        with socket.socket(fileno=os.dup(agent.fds[4])) as listener:
            port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        agent.end(1)
        until(lambda: _is_refused(port), what="the refusal")
        it.signal(signal.SIGUSR1)
        assert it.line() == "USR1"
        it.signal(signal.SIGTERM)
        assert it.wait() == 0


def test_hello_ends_the_row_of_failures() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        for turn in range(6):
            agent = it.agent()
            if turn == 2:
                agent.hello()
            agent.end(1)
        assert it.agent().pid


def test_caller_waits_in_the_backlog_until_an_agent_is_there() -> None:
    with stage("--", *game("facts"), environ={"AGENT_ON_GAME_EXIT": "stop"}) as it:
        agent = it.agent()
        listener = socket.socket(fileno=os.dup(agent.fds[4]))
        with socket.create_connection(listener.getsockname()) as caller:
            caller.sendall(b"early")
            agent.end(1)
            it.agent()
            accepted, _ = listener.accept()
            assert accepted.recv(5) == b"early"
            accepted.close()
        listener.close()


def test_agent_that_stays_silent_about_the_games_end_is_replaced() -> None:
    with stage("--", "sh", "-c", "read line; exit 3", environ=PLATFORM) as it:
        agent = it.agent()
        agent.hello()
        agent.say("write_stdin", text="go\n")
        agent.hear("game_exited")
        it.line_with("it did not answer")
        assert it.agent().hello()["game"]["exit"] == 3 << 8


def test_agent_that_closes_its_channel_is_replaced() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        agent = it.agent()
        agent.hello()
        agent.channel.close()
        it.line_with("it did not answer")
        assert it.agent().hello()["start"] == 2


@pytest.mark.parametrize(
    "datagram",
    [
        b"not json",
        b"[1]",
        b"{}",
        b'{"do": 7}',
        b'{"do": "fly"}',
        b'{"do": "signal_game", "signum": 4000}',
        b'{"do": "signal_game", "signum": "TERM"}',
        b'{"do": "stopping"}',
        b'{"do": "stopping", "signal_at": NaN, "kill_at": NaN, "end_at": NaN}',
        b'{"do": "leave"}',
        b'{"do": "leave", "status": true}',
        b'{"do": "write_stdin"}',
        b"[" * 60_000,
        b"x" * 100_000,
    ],
)
def test_nonsense_on_the_channel_is_ignored(datagram: bytes) -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        it.line()
        agent = it.agent()
        agent.channel.send(datagram)
        assert agent.hello()["signalled"] is False


def test_agent_that_does_not_read_gets_the_truth_when_it_does() -> None:
    with stage("--", *game("signalled", "TERM=0"), environ=PLATFORM) as it:
        it.line()
        agent = it.agent()
        agent.hello()
        for _ in range(1000):  # far more than the kernel keeps for us
            agent.say("resync")
        it.signal(signal.SIGTERM)
        it.line_with("SIGTERM")
        while agent.hear("truth")["term_at"] is None:
            pass


def test_agents_own_lines_come_out_on_stderr() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        agent = it.agent()
        agent.hello()
        agent.print("a traceback")
        assert it.line_with("a traceback") == "a traceback"


def test_agent_is_the_first_to_go_when_memory_runs_out() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM) as it:
        agent = it.agent()
        score = Path(f"/proc/{agent.pid}/oom_score_adj")
        until(lambda: score.read_text() == "1000\n", what="its score, given right after the spawn")
        assert os.getsid(agent.pid) == agent.pid


def test_agent_that_cannot_even_be_imported_does_not_disturb_the_game(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    for module in ("configure", "wiring"):
        (root / "agent" / f"{module}.py").write_text("import no_such_module")
    process = subprocess.Popen(
        [str(root / "entrypoint.sh"), "--", *game("signalled", "USR1=6")],
        env=clean_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    other = Stage(process, socket.socket(), tmp_path)
    try:
        other.line()
        for _ in range(5):
            other.line_with("ended before it was up")
        other.signal(signal.SIGUSR1)
        assert other.line() == "USR1"
        assert other.wait() == 6
    finally:
        other.close()


def test_agent_whose_heart_stands_still_is_replaced() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM, look_seconds=0.2) as it:
        agent = it.agent()
        agent.hello()
        assert os.fstat(agent.state).st_size == wire.SLOTS_OFFSET + 2 * wire.SLOT_BYTES
        os.kill(agent.pid, signal.SIGSTOP)
        it.line_with("its heartbeat stands still")
        assert it.agent().hello()["start"] == 2


def test_agent_whose_heart_beats_is_left_alone() -> None:
    with stage("--", *game("signalled"), environ=PLATFORM, look_seconds=1.0) as it:
        agent = it.agent()
        agent.hello()
        for beat in range(40):
            os.pwrite(agent.state, struct.pack("<Q", beat), wire.HEARTBEAT_OFFSET)
            assert it.no_agent_within(0.1)


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False
