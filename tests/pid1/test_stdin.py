"""The container's stdin is the game's, and never PID 1's trouble."""

import subprocess
from pathlib import Path

import pytest

from tests.pid1.stage import PLATFORM, Stage, game, stage
from tests.waiting import until

ECHO = ["sh", "-c", 'while read -r line; do echo "got $line"; done; echo end']


def type_in(it: Stage, text: bytes) -> None:
    assert it.process.stdin
    it.process.stdin.write(text)
    it.process.stdin.flush()


def test_lines_reach_the_game_also_behind_an_end_of_our_stdin() -> None:
    """1. Somebody types. 2. Their end is closed. 3. The agent has a command for the game."""
    with stage("--", *ECHO, environ=PLATFORM, stdin=subprocess.PIPE) as it:
        type_in(it, b"save\nsay hello\n")
        assert [it.line(), it.line()] == ["got save", "got say hello"]
        agent = it.agent()
        agent.hello()
        assert it.process.stdin
        it.process.stdin.close()
        agent.say("write_stdin", text="stop\n")
        assert it.line() == "got stop"


def test_more_than_a_pipe_holds_arrives_byte_for_byte() -> None:
    lines = b"".join(b"%06d\n" % n for n in range(50_000))
    command = ["head", "-c", str(len(lines))]
    with stage("--", *command, environ=PLATFORM, stdin=subprocess.PIPE) as it:
        agent = it.agent()
        agent.hello()
        assert it.process.stdout
        type_in(it, lines)
        assert it.process.stdout.read(len(lines)) == lines


def test_game_that_does_not_read_costs_nothing() -> None:
    """PID 1 holds what it has read, sleeps, and still passes signals on."""
    with stage("--", *game("signalled", "TERM=0"), stdin=subprocess.PIPE) as it:
        it.line()
        assert it.process.stdin
        for _ in range(3):
            type_in(it, bytes(40_000))
        status = Path(f"/proc/{it.pid}/stat")
        asleep = until(lambda: settled(status), what="rest")
        it.signal(10)
        assert it.line() == "USR1"
        assert asleep
        it.process.stdin.close()


@pytest.mark.parametrize("closing", ["<&-", "</dev/null"])
def test_no_stdin_is_no_work(closing: str) -> None:
    before = ["sh", "-c", f'exec "$@" {closing}', "sh"]
    with stage("--", *game("signalled", "TERM=0"), environ=PLATFORM, before=before) as it:
        it.line()
        it.agent().hello()
        assert until(lambda: settled(Path(f"/proc/{it.pid}/stat")), what="rest")


def settled(stat: Path) -> bool:
    """Return whether no processor time goes by in a while."""
    before = stat.read_text().split()[13:15]
    subprocess.run(["sleep", "0.3"], check=True)
    return stat.read_text().split()[13:15] == before
