"""One command runs a deployment on this machine, Ctrl-C ends it as the platform would."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.local import crowd, demogame, laptop, localcommand
from agent.local.api.store import Store
from tests.measured import measured
from tests.waiting import until

GAME = [sys.executable, "-I", demogame.__file__]
MANIFEST = """
grace = 20
restart_policy = "never"
match = "match.json"
[ports.gameport]
port = {port}
[envs]
AGENT_PORT = 0
GREETING = "hello"
"""


@contextmanager
def running(*words: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **clean()}
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "local", "--api-port", "0", *words],
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def clean() -> dict[str, str]:
    return {name: value for name, value in measured().items() if value is not None}


def read_to(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    assert process.stdout
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found
    raise AssertionError(pattern, process.stderr and process.stderr.read())


def play(port: int) -> None:
    async def join() -> None:
        player = await crowd.Player.connect("ann", port)
        await player.ask("JOIN ann", "WELCOME")
        await player.close()

    asyncio.run(join())


def test_deployment_of_a_file_is_played_on_then_stopped_by_ctrl_c(tmp_path: Path) -> None:
    """Variables, templates, the match, a player from outside, SIGTERM with its grace."""
    from agent.local.variables import free_port

    (tmp_path / "edgegap.toml").write_text(MANIFEST.format(port=free_port("UDP")))
    (tmp_path / "match.json").write_text('{"MM_MATCH_ID": "m-77"}')
    show = 'echo "$0 $GREETING $MM_MATCH_ID $AGENT_GRACE"; exec "$@"'
    words = ["--", "sh", "-c", show, "{{ports.gameport.internal}}", *GAME]
    with running(*words, cwd=tmp_path) as process:
        page = read_to(process, r"page at (http://127.0.0.1:\d+/)$")[1]
        with urllib.request.urlopen(page) as answer:
            assert b"<title>Local platform</title>" in answer.read()
        outside = int(read_to(process, r"gameport: connect to 127.0.0.1:(\d+) by UDP, in")[1])
        said = read_to(process, r"game +\| (\d+) hello m-77 20s$")
        assert int(said[1]) != outside
        read_to(process, "agent +| phase starting → ready")
        play(outside)
        read_to(process, "ann joined, 1 here")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "stopping as the platform would: SIGTERM, 20 s; again to kill" in out
    steps = ("SIGTERM to the container", "stop signal SIGTERM", "container exited with 0")
    assert [out.index(step) for step in steps] == sorted(out.index(step) for step in steps)


def test_second_ctrl_c_kills(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo pid $$; while :; do sleep 1000; done"
    with running("--json", "--", "sh", "-c", stubborn, cwd=tmp_path) as process:
        read_to(process, '"lane": "game", "text": "pid ')
        pid = _host_pid(process)
        process.send_signal(signal.SIGINT)
        read_to(process, "SIGTERM to the container")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert json.loads(out.splitlines()[-1])["text"] == "deployment is TERMINATED"
    until(lambda: not Path(f"/proc/{pid}").exists(), what="the container's end")


def _host_pid(process: subprocess.Popen[str]) -> int:
    """Return the box, whose end is the container's."""
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def test_game_that_leaves_gives_its_exit_status(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("restart_policy = 'never'\n[envs]\nAGENT_MODE = 'observe'")
    words = ["--file", "a.toml", "--state", "state.sqlite", "--", "sh", "-c", "exit 7"]
    with running(*words, cwd=tmp_path) as process:
        process.communicate(timeout=60)
    assert process.returncode == 7
    store = Store(str(tmp_path / "state.sqlite"))
    (kept,) = store.deployments.all()
    store.close()
    assert kept.log.crash
    assert kept.log.crash.exit_code == 7


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "cannot deploy: there is no command; write `arbitrium-agent local -- ./MySer"),
        ("--file nowhere.toml", "cannot read nowhere.toml: No such file"),
        ("--match nowhere.json -- x", "cannot read the match nowhere.json"),
        ("--external webs=1 -- x", "cannot give webs an external port: the ports are gameport"),
        ("--fault 503x -- x", "cannot read the faults '503x': write 503"),
    ],
)
def test_what_cannot_be_used_is_a_clear_line_by_status_78(
    words: str,
    why: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert localcommand.main(shlex.split(words)) == 78
    assert capsys.readouterr().err.startswith(f"arbitrium-agent local: {why}")


@pytest.mark.parametrize(
    ("words", "why"),
    [("--external 7777", "write gameport=7777"), ("--delay far", "'far' is not a duration")],
)
def test_unreadable_words_are_refused(
    words: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        localcommand.parse(words.split())
    assert why in capsys.readouterr().err


def test_off_linux_the_line_for_docker_desktop_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert localcommand.main(["--", "./Server"]) == 69
    told = capsys.readouterr()
    assert told.out == (
        "docker run --rm -it -p 8000:8000 -p 7777:7777/udp --entrypoint arbitrium-agent mygame:dev"
        " local --listen 0.0.0.0 --external gameport=7777 -- ./Server\n"
    )
    assert "runs on Linux" in told.err


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert laptop.look(True, in_json=False).value == "coloured"
    assert laptop.look(False, in_json=False).value == "plain"
    assert laptop.look(True, in_json=True).value == "json"
