"""Limits under which no agent can run: the game does not feel them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pid1.stage import GAMES, PLATFORM, ROOT, clean_environ, is_gone
from tests.tools import need
from tests.waiting import until

SCRIPT = "echo up; echo err >&2; sleep 0.1; echo down; exit 7"
NOBODY = 50_000 + os.getpid() % 10_000  # without processes: the limit counts a uid's
LINE = "The game runs under a plain init: no self-stop"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Path]:
    """Copy what PID 1 needs to where every uid may read it."""
    folder = Path("/tmp") / f"limits-{os.getpid()}-{tmp_path.name}"
    shutil.copytree(ROOT / "agent", folder / "agent")
    shutil.copy(ROOT / "entrypoint.sh", folder)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def limited(*limits: str, entry: Path = ROOT, before: tuple[str, ...] = ()) -> list[str]:
    """Return the words that start the entrypoint under these limits of prlimit(1)."""
    prlimit = need("prlimit", package="util-linux")
    return [*before, prlimit, *limits, str(entry / "entrypoint.sh"), "--"]


def run(words: list[str], **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        words,
        env=clean_environ(**more),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    "limit", ["--fsize=0", *(f"--nofile={n}" for n in (12, 16, 20, 30, 64, 65))]
)
def test_game_plays_to_its_end_whatever_pid_1_is_denied(limit: str) -> None:
    done = run([*limited(limit), "sh", "-c", SCRIPT])
    assert (done.stdout, done.returncode) == ("up\ndown\n", 7), done.stderr
    assert "err\n" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("limit", "fix"), [("--fsize=0", "ulimit -f"), ("--nofile=16", "-n")])
def test_one_line_says_what_is_missing_and_which_limit_to_raise(limit: str, fix: str) -> None:
    told = run([*limited(limit), "sh", "-c", SCRIPT], **PLATFORM).stderr
    (line,) = [line for line in told.splitlines() if LINE in line]
    assert fix in line
    assert "secret" not in told


@pytest.mark.parametrize("count", [2, 3])
def test_game_plays_to_its_end_where_no_thread_can_be_had(opened: Path, count: int) -> None:
    done = run([*as_nobody(opened, count), "sh", "-c", SCRIPT.replace("sleep 0.1; ", "")])
    assert (done.stdout, done.returncode) == ("up\ndown\n", 7), done.stderr
    assert "err\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_stay_secret_where_not_even_the_setup_could_be_made() -> None:
    done = run([*limited("--nofile=13"), "env"], **PLATFORM)
    assert LINE in done.stderr
    assert "ARBITRIUM_REQUEST_ID=abc123" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_signals_reach_the_game_where_no_thread_can_be_had(opened: Path) -> None:
    shutil.copy(GAMES / "signalled.py", opened)
    process = subprocess.Popen(
        [*as_nobody(opened, 2), "python3", str(opened / "signalled.py"), "TERM=5"],
        env={**clean_environ(), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    pid = int(process.stdout.readline().split()[1])
    process.send_signal(signal.SIGUSR1)
    assert process.stdout.readline() == "USR1\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 5
    process.stdout.close()
    until(lambda: is_gone(pid))


def as_nobody(folder: Path, count: int) -> list[str]:
    """Return the words that start PID 1 as a uid with so many processes and threads at most."""
    if os.getuid() != 0:
        pytest.skip("needs root to become another uid")
    return limited(
        f"--nproc={count}",
        entry=folder,
        before=(need("setpriv", package="util-linux"), f"--reuid={NOBODY}", "--clear-groups"),
    )
