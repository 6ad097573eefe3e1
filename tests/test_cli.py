import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import __version__, cli
from agent.cli import EX_REFUSED, EX_UNAVAILABLE, EX_USAGE, main
from agent.errors import SettingsError
from agent.grammar import build
from agent.verbs import Request, request
from tests.fakes.controlapi import Script, serving
from tests.test_screen import FRESH, FULL, plain

ROOT = Path(__file__).resolve().parent.parent
DONE = {"phase": "ready", "revision": 7, "boot_id": "b-1", "warnings": []}
VERBS = (
    *("run", "demo", "local", "version", "check", "status", "watch", "logs", "ready"),
    *("match", "players", "health", "hold", "stop"),
)
THIRD_PARTY = {"aiohttp", "msgspec", "psutil", "pydantic", "pydantic_settings", "tenacity", "yarl"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own AGENT_* settings, its proxies, its colours out."""
    for name in list(os.environ):
        if name.startswith(("AGENT_", "ARBITRIUM_", "MM_")) or name == "NO_COLOR":
            monkeypatch.delenv(name)


def agent(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", *words],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def asked(*words: str) -> Request:
    return request(build().parse_args(words))


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("status", ("GET", "/v1/status", None)),
        ("ready", ("POST", "/v1/ready", {})),
        ("match start", ("POST", "/v1/match/start", {})),
        ("match start --id m-42", ("POST", "/v1/match/start", {"id": "m-42"})),
        ("match end", ("POST", "/v1/match/end", {})),
        ("players set a b", ("PUT", "/v1/players", {"ids": ["a", "b"]})),
        (
            "players set a --capacity 16",
            ("PUT", "/v1/players", {"ids": ["a"], "capacity": 16}),
        ),
        ("players set --count 0", ("PUT", "/v1/players", {"count": 0})),
        ("players join 007", ("POST", "/v1/players/join", {"id": "007"})),
        ("players leave a", ("POST", "/v1/players/leave", {"id": "a"})),
        ("health healthy", ("POST", "/v1/health", {"status": "healthy"})),
        (
            "health loading --seconds 1m30s",
            ("POST", "/v1/health", {"status": "loading", "seconds": 90.0}),
        ),
        ("hold 10m", ("POST", "/v1/hold", {"seconds": 600.0, "why": ""})),
        ("hold 90 --why break", ("POST", "/v1/hold", {"seconds": 90.0, "why": "break"})),
        ("hold --release", ("DELETE", "/v1/hold", None)),
        ("stop", ("POST", "/v1/stop", {"why": ""})),
        ("--json stop --why patch", ("POST", "/v1/stop", {"why": "patch"})),
    ],
)
def test_words_become_a_request(words: str, sent: Request) -> None:
    assert asked(*words.split()) == sent


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("players set", "players set takes ids, or --count"),
        ("players set a --count 1", "players set takes ids, or --count"),
        ("players join", "players join takes one id and nothing else"),
        ("players leave a b", "players leave takes one id and nothing else"),
        ("players join a --capacity 3", "players join takes one id and nothing else"),
        ("hold", "say for how long, or --release"),
        ("hold 5 --release", "say for how long, or --release"),
    ],
)
def test_words_that_do_not_fit_together_are_refused(words: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        asked(*words.split())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("dance", "invalid choice: 'dance'"),
        ("match pause", "invalid choice: 'pause'"),
        ("hold soon", "'soon' is not a duration; write 90, 90s"),
        ("players set --count -1", "'-1' is not a number of players"),
        ("players set --count few", "'few' is not a number of players; write 0 or more"),
        ("status --verbose", "unrecognized arguments: --verbose"),
        ("hold", "cannot hold: say for how long"),
        ("status --url ftp://h", "cannot use the address 'ftp://h'"),
    ],
)
def test_unknown_words_are_refused_by_status_2(
    words: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main(words.split())
    except SystemExit as left:
        status = left.code
    assert status == EX_USAGE
    assert why in capsys.readouterr().err


# --- help --------------------------------------------------------------------------------------


def test_no_words_show_the_help_by_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == EX_USAGE
    assert "usage: arbitrium-agent" in capsys.readouterr().err


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"arbitrium-agent {__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_is_short_with_an_example(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["help", verb])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert f"  arbitrium-agent {verb}" in shown
    assert len(shown.splitlines()) <= 35


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("demo", "local")])
def test_help_can_be_asked_for_behind_the_verb(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["help", verb], [verb, "--help"]):
        with pytest.raises(SystemExit):
            main(words)
    shown = capsys.readouterr().out
    assert shown[: len(shown) // 2] == shown[len(shown) // 2 :]


def test_overview_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["help"])
    shown = capsys.readouterr().out
    assert all(re.search(rf"^    {verb} ", shown, re.MULTILINE) for verb in VERBS)
    assert len(shown.splitlines()) <= 45


@pytest.mark.parametrize("words", [["--help"], ["help", "hold"], ["status"], ["ready"], ["watch"]])
def test_help_or_verb_loads_no_third_party_module(words: list[str]) -> None:
    script = Script(
        {"GET /v1/status": (200, plain(FULL)), "POST /v1/ready": (200, DONE)},
        streams=[[plain(FRESH), {"phase": "stopped"}]],
    )
    code = (
        "import sys\n"
        "from agent.cli import main\n"
        "before = set(sys.modules)\n"
        "try:\n"
        "    status = main(sys.argv[1:])\n"
        "except SystemExit as left:\n"
        "    status = left.code\n"
        "assert status == 0, status\n"
        "places = {name: getattr(module, '__file__', None) or '' for name, module in "
        "sys.modules.items()}\n"
        "print(*(name for name, place in places.items() if 'site-packages' in place), "
        "file=sys.stderr)\n"
    )
    with serving(script) as url:
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=ROOT,
            env={**os.environ, "AGENT_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & THIRD_PARTY
    # What a coverage run or the installation itself puts into every process is not ours.
    assert loaded <= {"_virtualenv", "_distutils_hack", "coverage", "a1_coverage"}


# --- answers -----------------------------------------------------------------------------------


def test_status_is_shown_to_people_in_a_pipe_without_colours() -> None:
    with serving(Script({"GET /v1/status": (200, plain(FULL))})) as url:
        done = agent("status", AGENT_URL=url)
    assert done.returncode == 0
    assert done.stdout.startswith("phase      draining for 3s")
    assert "\x1b" not in done.stdout + done.stderr


def test_status_is_printed_as_json_for_scripts() -> None:
    with serving(Script({"GET /v1/status": (200, plain(FULL))})) as url:
        before, after = (
            agent("--json", "status", AGENT_URL=url),
            agent("status", "--json", AGENT_URL=url),
        )
    assert json.loads(before.stdout) == plain(FULL)
    assert before.stdout == after.stdout


def test_verb_is_confirmed_with_the_agents_warnings() -> None:
    answer = {**DONE, "warnings": ["idd is unknown; did you mean id?"]}
    with serving(Script({"POST /v1/match/start": (200, answer)})) as url:
        done = agent("match", "start", "--id", "m", "--url", url)
    assert (done.returncode, done.stdout) == (0, "ok: phase ready, revision 7\n")
    assert done.stderr == "warning: idd is unknown; did you mean id?\n"


def test_verb_answers_scripts_in_json() -> None:
    with serving(Script({"POST /v1/ready": (200, DONE)})) as url:
        done = agent("ready", "--json", AGENT_URL=url)
    assert json.loads(done.stdout) == DONE


def test_token_of_the_environment_is_sent() -> None:
    script = Script({"POST /v1/ready": (200, DONE)})
    with serving(script) as url:
        agent("ready", AGENT_URL=url, AGENT_TOKEN="sesame")
    assert script.headers[0]["authorization"] == "Bearer sesame"


def test_agent_on_a_unix_socket_is_reached(tmp_path: Path) -> None:
    path = str(tmp_path / "agent.sock")
    with serving(Script({"POST /v1/ready": (200, DONE)}), path):
        assert agent("ready", "--socket", path).returncode == 0
        assert agent("ready", AGENT_SOCKET=path).returncode == 0


def test_refusal_is_told_with_its_fix_by_status_1() -> None:
    problem = {"detail": "seconds is too long", "fix": "send at most 86400"}
    with serving(Script({"POST /v1/hold": (400, problem)})) as url:
        done = agent("hold", "48h", AGENT_URL=url)
    assert done.returncode == EX_REFUSED
    assert done.stderr == "error: seconds is too long; send at most 86400\n"


def test_no_agent_is_told_with_a_way_out_by_status_69() -> None:
    done = agent("ready", "--socket", "/nowhere/agent.sock")
    assert done.returncode == EX_UNAVAILABLE
    assert done.stdout == ""
    assert done.stderr == (
        "error: no agent at http+unix:///nowhere/agent.sock; is the game running under it? From "
        "outside the container try: docker exec NAME arbitrium-agent status\n"
    )


def test_reader_that_has_had_enough_is_no_fault() -> None:
    with serving(Script({"GET /v1/status": (200, plain(FULL))})) as url:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [sys.executable, "-m", "agent", "status"],
            cwd=ROOT,
            env={**os.environ, "AGENT_URL": url},
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_terminal_gets_colours_unless_it_does_not_want_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cli._has_colours(True)
    assert not cli._has_colours(False)
    monkeypatch.setenv("TERM", "dumb")
    assert not cli._has_colours(True)
    monkeypatch.delenv("TERM")
    monkeypatch.setenv("NO_COLOR", "")
    assert not cli._has_colours(True)


# --- watch -------------------------------------------------------------------------------------


def test_watch_tells_one_line_a_change_until_the_agent_has_stopped() -> None:
    fresh, full = plain(FRESH), plain(FULL)
    script = Script(streams=[[fresh, {"beat": 1}, fresh, full, {**full, "phase": "stopped"}]])
    with serving(script) as url:
        done = agent("watch", AGENT_URL=url)
    assert done.returncode == 0
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in done.stdout.splitlines()]
    assert len(lines) == 3
    assert lines[0].startswith("phase starting, ")
    assert lines[1].startswith("phase starting -> draining, ")
    assert lines[2] == "phase draining -> stopped"


def test_watch_goes_on_when_the_agent_was_restarted() -> None:
    full = plain(FULL)
    script = Script(streams=[[full], [full, {**full, "phase": "stopped"}]])
    with serving(script) as url:
        done = agent("watch", "--json", AGENT_URL=url)
    assert done.returncode == 0
    told = [json.loads(line)["phase"] for line in done.stdout.splitlines()]
    assert told == ["draining", "draining", "stopped"]


def test_watch_understands_states_in_an_envelope() -> None:
    script = Script(streams=[[{"event": "status", "status": {"phase": "stopped"}}]])
    with serving(script) as url:
        assert agent("watch", AGENT_URL=url).returncode == 0


def test_watch_ends_by_status_69_when_the_agent_tells_nothing_more() -> None:
    with serving(Script(streams=[[plain(FRESH)], []])) as url:
        done = agent("watch", AGENT_URL=url)
    assert done.returncode == EX_UNAVAILABLE
    assert "tells nothing; is it leaving?" in done.stderr


def test_interrupted_watch_ends_quietly(tmp_path: Path) -> None:
    import socket

    path = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        watcher = subprocess.Popen(
            [sys.executable, "-m", "agent", "watch", "--socket", path],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        with listener.accept()[0] as connection:
            connection.recv(65_536)
            watcher.send_signal(signal.SIGINT)
            _, stderr = watcher.communicate(timeout=60)
    assert (watcher.returncode, stderr) == (cli.EX_INTERRUPTED, b"")


# --- run, demo, check --------------------------------------------------------------------------


def test_run_becomes_pid1_with_the_words_as_they_are(tmp_path: Path) -> None:
    """Replace PID 1's program in a copy of the tree by one that tells how it was started."""
    from shutil import copytree

    copytree(ROOT / "agent", tmp_path / "agent")
    facts = "[os.getpid(), sys.argv[1:], sys.flags.isolated, sys.flags.no_site]"
    program = f"import json, os, sys; print(json.dumps({facts}))"
    (tmp_path / "agent" / "pid1" / "__main__.py").write_text(program)
    words = ["--no-agent", "--rewrite", "TERM:INT", "--", "game", "--help"]
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "run", *words], cwd=tmp_path, stdout=subprocess.PIPE
    )
    stdout, _ = process.communicate(timeout=60)
    assert json.loads(stdout) == [process.pid, words, 1, 1]


def test_run_becomes_the_program_of_this_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, words: seen.append(words))
    main(["run", "--", "game"])
    program = str(ROOT / "agent" / "pid1" / "__main__.py")
    assert seen == [[sys.executable, "-I", "-S", program, "--", "game"]]
    assert Path(program).is_file()


def test_demo_is_handed_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import ModuleType

    heard: list[list[str]] = []

    def play(words: list[str]) -> int:
        heard.append(words)
        return 3

    stand_in = ModuleType("agent.local.demo")
    vars(stand_in)["main"] = play
    monkeypatch.setitem(sys.modules, "agent.local.demo", stand_in)
    assert main(["demo", "--json", "--grace", "5"]) == 3
    assert heard == [["--json", "--grace", "5"]]


def test_check_is_reached_with_its_status() -> None:
    done = agent("check", AGENT_GRACE="soon")
    assert done.returncode == 78
    assert "error: cannot use AGENT_GRACE: 'soon' is not a duration" in done.stdout
    answer: dict[str, Any] = json.loads(agent("check", "--json", AGENT_GRACE="30").stdout)
    assert answer["ok"]


def test_stray_bytes_do_not_break_the_printing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "check"],
        cwd=ROOT,
        env={**os.environb, b"AGENT_SECRET_NAMES": b"A\xff*", b"LC_ALL": b"C.UTF-8"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert rb"A\udcff*" in done.stdout
