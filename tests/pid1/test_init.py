import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests import measured
from tests.pid1.stage import PLATFORM, clean_environ, game, is_gone, run, stage
from tests.waiting import until

MODES = [pytest.param([], id="agent"), pytest.param(["--no-agent"], id="plain")]
NAMESPACE = [pytest.param(True, id="pid1"), pytest.param(False, id="subreaper")]
FORWARDED = [
    signum
    for signum in range(1, 32)
    if signum
    not in (
        signal.SIGKILL,
        signal.SIGSTOP,
        signal.SIGCHLD,
        signal.SIGTSTP,
        signal.SIGTTIN,
        signal.SIGTTOU,
    )
]


@pytest.mark.parametrize("mode", MODES)
def test_every_exit_status_comes_through(mode: list[str]) -> None:
    statuses = range(256) if mode else (0, 1, 2, 7, 42, 126, 127, 128, 137, 143, 254, 255)
    ends = [run(*mode, "--", "sh", "-c", f"exit {n}", measure=n < 2) for n in statuses]
    assert [end.returncode for end in ends] == [*statuses]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["TERM", "HUP", "QUIT", "KILL", "SEGV", "USR1"])
def test_death_by_a_signal_is_128_and_its_number(mode: list[str], name: str) -> None:
    result = run(*mode, "--", "sh", "-c", f"ulimit -c 0; kill -{name} $$")
    assert result.returncode == 128 + signal.Signals[f"SIG{name}"]


@pytest.mark.parametrize("namespace", NAMESPACE)
def test_every_signal_reaches_a_plain_child_once_in_order(*, namespace: bool) -> None:
    names = [signal.Signals(signum).name[3:] for signum in FORWARDED]
    with stage("--no-agent", "--", *game("signalled"), namespace=namespace) as it:
        it.line()
        seen = []
        for signum in FORWARDED:
            it.signal(signum)
            seen.append(it.line())
        assert seen == names


@pytest.mark.parametrize("mode", MODES)
def test_signals_that_come_together_arrive_once_each_in_order(mode: list[str]) -> None:
    with stage(*mode, "--", *game("signalled", "TERM=0"), namespace=True) as it:
        it.line()
        it.signal(signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)
        assert [it.line() for _ in range(4)] == ["HUP", "USR1", "USR2", "TERM"]
        assert it.wait() == 0


@pytest.mark.parametrize("mode", MODES)
def test_signal_is_rewritten_or_dropped(mode: list[str]) -> None:
    words = ["--rewrite", "HUP:USR2", "--rewrite=SIGUSR1:0", "--rewrite", "15:INT"]
    with stage(*mode, *words, "--", *game("signalled", "INT=0"), namespace=True) as it:
        it.line()
        it.signal(signal.SIGUSR1, signal.SIGHUP)
        assert it.line() == "USR2"
        it.signal(signal.SIGTERM)
        assert it.line() == "INT"
        assert it.wait() == 0


def test_signal_goes_to_the_group_of_a_shell_that_does_not_exec() -> None:
    script = '"$@"; exit 0'
    command = ["sh", "-c", script, "sh", *game("signalled", "USR1=0")]
    with stage("--no-agent", "--", "sh", "-c", f"trap : USR1; {script}", *command[3:]) as it:
        it.line()
        it.signal(signal.SIGUSR1)
        assert it.line() == "USR1"


def test_single_child_is_signalled_alone() -> None:
    script = 'trap "echo shell; exit 4" USR1; "$@" & wait'
    words = ["--no-agent", "--single-child", "--", "sh", "-c", script, "sh"]
    with stage(*words, *game("signalled")) as it:
        assert it.line().startswith("up")
        it.signal(signal.SIGUSR1)
        assert it.wait() == 4
        # The grandchild is told to go only by the tidying up.
        assert it.rest()[0].split() == ["shell", "TERM", "CONT"]


@pytest.mark.parametrize("namespace", NAMESPACE)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", [100, 500])
def test_orphans_are_reaped(mode: list[str], count: int, *, namespace: bool) -> None:
    with stage(*mode, "--", *game("orphans", str(count)), namespace=namespace) as it:
        assert len(it.line().split()) == count
        children = Path(f"/proc/{it.pid}/task/{it.pid}/children")
        most = 2  # the game, the agent
        until(lambda: len(children.read_text().split()) <= most, what="reaping")
        it.signal(signal.SIGTERM)
        assert it.wait() in (0, 143)


@pytest.mark.parametrize("mode", MODES)
def test_game_starts_with_the_default_signals(mode: list[str]) -> None:
    script = 'trap "" INT QUIT USR1 CHLD; exec "$@"'
    entry = measured.entrypoint()
    result = subprocess.run(
        ["sh", "-c", script, "sh", entry, *mode, "--", *game("facts")],
        env=clean_environ(),
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]),
    )
    facts = json.loads(result.stdout)
    assert int(facts["blocked"], 16) == 0
    # The game is Python, which ignores SIGPIPE and SIGXFSZ by itself.
    # The C library keeps 32 and 33 to itself: nobody can reset those.
    ours = sum(1 << signum - 1 for signum in (signal.SIGPIPE, signal.SIGXFSZ, 32, 33))
    assert int(facts["ignored"], 16) & ~ours == 0


@pytest.mark.parametrize("mode", MODES)
def test_game_has_a_session_of_its_own_with_nothing_of_ours(mode: list[str]) -> None:
    facts = json.loads(run(*mode, "--", *game("facts")).stdout)
    assert facts["sid"] == facts["pgid"] == facts["pid"]
    assert facts["fds"] == [0, 1, 2, 3]  # 3 is its own look at /proc/self/fd


def test_game_stays_in_our_session_if_wanted() -> None:
    facts = json.loads(run("--no-agent", "--no-setsid", "--", *game("facts")).stdout)
    assert facts["pgid"] == facts["pid"]
    assert facts["sid"] == os.getsid(0)


@pytest.mark.parametrize("mode", MODES)
def test_game_keeps_its_working_directory_while_ours_is_the_root(
    mode: list[str], tmp_path: Path
) -> None:
    command = ["sh", "-c", 'pwd; exec "$@"', "sh", *game("signalled", "TERM=0")]
    with stage(*mode, "--", *command, cwd=tmp_path) as it:
        assert it.line() == str(tmp_path)
        it.line()
        until(lambda: Path(f"/proc/{it.pid}/cwd").readlink() == Path("/"))
        it.signal(signal.SIGTERM)
        it.wait()


def test_game_dies_before_pid_1_when_memory_runs_out() -> None:
    ours = int(Path("/proc/self/oom_score_adj").read_text())
    with stage("--", *game("signalled")) as it:
        score = Path(f"/proc/{int(it.line().split()[1])}/oom_score_adj")
        # It is written right after the spawn, when the game may have said its first line.
        until(lambda: int(score.read_text()) == min(ours + 100, 999), what="its score")


@pytest.mark.parametrize("mode", MODES)
def test_locale_of_our_interpreter_is_not_the_games(mode: list[str]) -> None:
    """Python sets LC_CTYPE for its children in the C locale (PEP 538)."""
    script = "env | grep -c ^LC_CTYPE="
    assert run(*mode, "--", "sh", "-c", script).stdout == "0\n"


def test_early_signal_is_kept_until_it_can_be_passed_on() -> None:
    with stage("--no-agent", "--", *game("signalled", "TERM=5"), namespace=True) as it:
        status = Path(f"/proc/{it.pid}/status")
        # The shell before it blocks signals too, for a moment, whenever it forks.
        until(lambda: _field(status, "Name").startswith("python"))
        until(lambda: int(_field(status, "SigBlk"), 16) & 1 << signal.SIGTERM - 1)
        it.signal(signal.SIGTERM)
        assert it.wait() in (5, 143)  # the game may have been quicker to die than to be ready


@pytest.mark.parametrize("how", ["kill", "term", "none"])
def test_strays_are_dealt_with_as_wanted(how: str) -> None:
    words = ["--no-agent", "--leftovers", how, "--", *game("strays", "3", "stubborn")]
    result = run(*words)
    pid = int(result.stdout.split()[1])
    try:
        assert result.returncode == 3
        assert is_gone(pid) == (how == "kill")
    finally:
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def test_polite_strays_are_only_asked() -> None:
    result = run("--", *game("strays", "3"))
    assert result.returncode == 3
    assert is_gone(int(result.stdout.split()[1]))


def test_help_and_version_start_nothing() -> None:
    assert "--rewrite FROM:TO" in run("--help").stdout
    assert run("--version").stdout.startswith("arbitrium-agent ")


def test_idle_pid_1_does_not_wake_up() -> None:
    with stage("--", *game("signalled", "TERM=0"), environ=PLATFORM) as it:
        it.line()
        it.agent().hello()
        tasks = Path(f"/proc/{it.pid}/task")
        # Asleep for good once all its threads wait in the kernel with the same counts twice.
        first = until(lambda: _switches(tasks), what="a look")
        until(lambda: _settled(tasks), what="rest")
        before = _switches(tasks)
        it.process.poll()
        subprocess.run(["sleep", "2"], check=True)
        assert _switches(tasks) == before >= first
        it.signal(signal.SIGTERM)
        it.line()


def _settled(tasks: Path) -> bool:
    before = _switches(tasks)
    subprocess.run(["sleep", "0.3"], check=True)
    return _switches(tasks) == before


def _switches(tasks: Path) -> int:
    return sum(int(_field(task / "status", "voluntary_ctxt_switches")) for task in tasks.iterdir())


def _field(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split(":")[1].strip()
    return "0"
