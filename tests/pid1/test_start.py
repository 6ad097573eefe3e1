import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.pid1 import harden, processes, reap, signals, spawn
from tests.pid1.stage import ROOT, clean_environ, game, stage

# What may be loaded before the game runs, besides what the bare interpreter has.
BEFORE = {
    "_ctypes",
    "_socket",
    "_stat",
    "agent",
    "agent.errors",
    "agent.pid1",
    "agent.pid1.boottime",
    "agent.pid1.game",
    "agent.pid1.harden",
    "agent.pid1.listeners",
    "agent.pid1.options",
    "agent.pid1.pipes",
    "agent.pid1.secrets",
    "agent.pid1.setup",
    "agent.pid1.signals",
    "agent.pid1.spawn",
    "agent.pid1.standins",
    "agent.pid1.start",
    "agent.pid1.terminal",
    "errno",
    "fcntl",
}


def test_few_modules_are_loaded_before_the_game_runs() -> None:
    code = """
import sys
bare = set(sys.modules)
sys.path.insert(0, sys.argv.pop(1))
from agent.pid1 import signals, start
from agent.pid1.game import Game
def told(self):
    print(*sorted(set(sys.modules) - bare), flush=True)
    import posix
    posix._exit(0)
Game.start = told
start.main()
"""
    out = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(ROOT), "--", "true"],
        env=clean_environ(),
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert set(out.stdout.split()) == BEFORE


def test_entrypoint_may_be_a_link_or_be_called_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(ROOT / "entrypoint.sh")
    for command, folder in (
        ([str(tmp_path / "link")], tmp_path),
        (["./entrypoint.sh"], ROOT),
        (["sh", "entrypoint.sh"], ROOT),
    ):
        result = subprocess.run(
            [*command, "sh", "-c", "exit 9"],
            env=clean_environ(),
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=20,
        )
        assert result.returncode == 9


@pytest.mark.parametrize("content", [None, b"\x7fELF rubbish"])
def test_entrypoint_without_a_usable_interpreter_says_so(
    tmp_path: Path, content: bytes | None
) -> None:
    (tmp_path / "entrypoint.sh").write_bytes((ROOT / "entrypoint.sh").read_bytes())
    if content:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "python3").write_bytes(content)
        (tmp_path / "bin" / "python3").chmod(0o755)
    result = subprocess.run(
        ["/bin/sh", str(tmp_path / "entrypoint.sh"), "true"],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 127
    assert "entrypoint.sh: cannot run " in result.stderr
    assert "python3" in result.stderr


@pytest.mark.parametrize("word", ["TERM", "SIGTERM", "sigterm", "15", " term "])
def test_signal_has_many_spellings(word: str) -> None:
    assert signals.number(word) == signal.SIGTERM


@pytest.mark.parametrize("word", ["", "SIG", "0", "99", "SIG_DFL", "SIG_BLOCK", "TERM!", "-9"])
def test_word_that_is_no_signal_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="is not a signal"):
        signals.number(word)


def test_real_time_signals_have_names_too() -> None:
    assert signals.number("RTMIN") == signal.SIGRTMIN


def test_nothing_is_reaped_where_nothing_has_ended() -> None:
    assert reap.reap() == []
    pid = os.posix_spawn("/bin/sleep", ["sleep", "1000"], {})
    try:
        assert reap.reap() == []
        assert processes.descendants(os.getpid(), pid).isdisjoint({pid})
    finally:
        processes.send_each({pid}, signal.SIGKILL)
        os.waitpid(pid, 0)
    processes.send_each({pid}, signal.SIGKILL)


def test_name_is_found_as_shells_find_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "game").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "game").write_text("")
    environ = {"PATH": f"{tmp_path}/a:{tmp_path}/b"}
    assert spawn.resolve("game", environ) == f"{tmp_path}/b/game"
    assert spawn.resolve("./game", environ) == "./game"
    assert spawn.resolve("sh", {}).endswith("/bin/sh")
    with pytest.raises(FileNotFoundError):
        spawn.resolve("nothing-of-that-name", {"PATH": ":/bin"})


def test_spawned_process_gets_its_descriptors_whatever_their_numbers() -> None:
    """The sources are the targets of each other: none is overwritten before it is used."""
    pipes = [os.pipe() for _ in range(2)]
    (in_a, out_a), (in_b, out_b) = pipes
    low, high = sorted((out_a, out_b))
    pid = spawn.spawn(
        [
            sys.executable,
            "-c",
            f"import os; [os.write(n, b'from-%d' % n) for n in ({low}, {high})]",
        ],
        {"PATH": "/usr/bin:/bin"},
        {low: high, high: low},
        own_session=True,
    )
    os.close(out_a)
    os.close(out_b)
    assert os.waitpid(pid, 0)[1] == 0
    by_out = {out_a: os.read(in_a, 100), out_b: os.read(in_b, 100)}
    assert by_out[high] == b"from-%d" % low
    assert by_out[low] == b"from-%d" % high
    for reader, _ in pipes:
        os.close(reader)


def test_score_of_a_process_that_is_gone_is_no_fault() -> None:
    harden.rank_game(2**22 + 1, 0)
    assert harden.inherited_score() == int(Path("/proc/self/oom_score_adj").read_text())


def test_pid_1_adopts_orphans_where_it_is_not_pid_1() -> None:
    with stage("--no-agent", "--", *game("signalled", "TERM=0")) as it:
        it.line()
        stat = Path(f"/proc/{it.pid}/status").read_text()
        assert "Name:\tpython" in stat
        it.signal(signal.SIGTERM)
        assert it.wait() == 0
