import io
import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from agent.configure import EX_CONFIG, main, options
from agent.core.options import Options
from agent.pid1 import wire
from agent.sealed import read_settings

ROOT = Path(__file__).resolve().parent.parent
SERVICE = """\
import json, sys
from .pid1 import wire
from .sealed import read_settings
def main():
    found = read_settings(wire.SETTINGS)
    print(json.dumps({
        "grace": found and found.grace,
        "degraded": found and found.degraded,
        "arguments": sys.argv[1:],
        "pydantic": any(name.startswith("pydantic") for name in sys.modules),
    }))
    return 0
"""
SHELL = """\
import os, sys
target, source = int(sys.argv[1]), int(sys.argv[2])
if source >= 0:
    os.dup2(source, target, inheritable=True)
else:
    os.closerange(target, target + 1)
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a copy of the agent whose service only tells what it was handed."""
    ignored = lambda _folder, names: [name for name in names if name == "__pycache__"]  # noqa: E731
    copytree(ROOT / "agent", tmp_path / "agent", ignore=ignored)
    (tmp_path / "agent" / "wiring.py").write_text(SERVICE)
    return tmp_path


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AGENT_")]:
        monkeypatch.delenv(name)


def configure(
    root: Path, fd: int, *arguments: str, secrets: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the agent's first process as PID 1 does, its settings file at the fixed number."""
    command = wire.command(sys.executable, str(root), "agent.configure", *arguments)
    return subprocess.run(
        [sys.executable, "-c", SHELL, str(wire.SETTINGS), str(fd), *command],
        env={**os.environ, **environ},
        pass_fds=[fd] if fd >= 0 else [],
        input=secrets,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_service_takes_over_with_the_settings_without_pydantic(root: Path) -> None:
    fd = os.memfd_create("settings", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    done = configure(root, fd, AGENT_GRACE="30", AGENT_TOKEN="sesame-open")
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "grace": 30.0,
        "degraded": [],
        "arguments": [str(root), "agent.wiring"],
        "pydantic": False,
    }
    assert read_settings(fd) == Options(grace=30.0, grace_assumed=False)
    assert b"sesame" not in os.pread(fd, 1 << 16, 0)
    os.close(fd)


def test_bad_setting_does_not_keep_the_service_from_starting(root: Path) -> None:
    fd = os.memfd_create("settings", os.MFD_CLOEXEC)
    done = configure(root, fd, AGENT_GRACE="soon", AGENT_STRICT="1")
    told = json.loads(done.stdout)
    assert told["grace"] == 5.0
    assert told["degraded"][0].startswith("cannot use AGENT_GRACE: 'soon'")
    os.close(fd)


def test_broken_settings_module_does_not_keep_the_service_from_starting(root: Path) -> None:
    (root / "agent" / "settings.py").write_text("import a_module_that_is_not_there")
    fd = os.memfd_create("settings", os.MFD_CLOEXEC)
    told = json.loads(configure(root, fd).stdout)
    assert told["grace"] == 5.0
    assert "ModuleNotFoundError" in told["degraded"][0]
    os.close(fd)


def test_settings_that_cannot_be_handed_over_start_the_service_with_defaults(root: Path) -> None:
    done = configure(root, -1)
    assert done.stderr.startswith("agent: cannot hand over the settings: ")
    told = json.loads(done.stdout)
    assert told["arguments"] == [str(root), "agent.wiring", "--defaults"]
    assert told["grace"] is None


def test_check_refuses_a_bad_setting_by_one_line_each(root: Path) -> None:
    done = configure(root, -1, "--check", AGENT_GRACE="soon", AGENT_PORTS="1")
    assert done.returncode == EX_CONFIG
    assert [line.split(":")[0].split(" is ")[0] for line in done.stderr.splitlines()] == [
        "AGENT_PORTS",
        "cannot use AGENT_GRACE",
    ]
    assert done.stdout == ""


def test_check_refuses_a_sink_that_cannot_be(root: Path) -> None:
    done = configure(root, -1, "--check", secrets="A=b\0AGENT_LOG_SINK=ftp://h/x\0")
    assert done.returncode == EX_CONFIG
    assert done.stderr.startswith("cannot send logs to ftp://: it is not known")


def test_check_passes_good_settings(root: Path) -> None:
    done = configure(root, -1, "--check", AGENT_GRACE="30")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_strict_does_not_refuse_once_a_game_is_running() -> None:
    assert options({"AGENT_STRICT": "1", "AGENT_GRACE": "soon"}).degraded


@pytest.fixture
def execs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Note what this process would have become."""
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, words: seen.append(words))
    monkeypatch.setattr(sys, "argv", ["-c", str(ROOT), "agent.configure"])
    return seen


def test_service_is_found_in_the_same_tree(
    execs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with os.fdopen(os.memfd_create("settings", os.MFD_CLOEXEC), "rb") as file:
        monkeypatch.setattr(wire, "SETTINGS", file.fileno())
        monkeypatch.setenv("AGENT_GRACE", "30")
        main()
        found = read_settings(file.fileno())
    assert execs == [wire.command(sys.executable, str(ROOT), "agent.wiring")]
    assert found == Options(grace=30.0, grace_assumed=False)


def test_service_is_started_with_defaults_when_nothing_can_be_written(
    execs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "SETTINGS", -1)
    main()
    assert execs == [wire.command(sys.executable, str(ROOT), "agent.wiring", "--defaults")]


def test_check_judges_without_becoming_anything(
    execs: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--check"])
    stdin = io.TextIOWrapper(io.BytesIO(b"AGENT_LOG_SINK=http://h/\0"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main() == 0
    monkeypatch.setenv("AGENT_GRACE", "soon")
    assert main() == EX_CONFIG  # with no sink: stdin is at its end
    assert capsys.readouterr().err.startswith("cannot use AGENT_GRACE: 'soon'")
    assert execs == []


def test_settings_that_cannot_be_imported_are_the_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "agent.settings", None)
    found = options({"AGENT_GRACE": "30"})
    assert found.grace == Options().grace
    assert found.degraded == (
        "cannot read the settings: ModuleNotFoundError; the defaults hold, report this",
    )
