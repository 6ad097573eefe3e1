"""The demo says yes only when it has seen everything."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from agent.local import demo, image


def instead(*command: str) -> Callable[..., list[str]]:
    """Return what puts another command in the place of entrypoint with game."""

    def behind_entrypoint(*_: str) -> list[str]:
        return list(command)

    return behind_entrypoint


@pytest.mark.parametrize("fault", ["", "503x2,reset", "lost"])
def test_main_job_runs_from_start_to_self_stop_to_exit(
    fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real entrypoint, the real agent, a real game, real players."""
    status = demo.main(["--json", "--match", "0.3", *(["--fault", fault] if fault else [])])
    out = capsys.readouterr().out
    *lines, verdict = map(json.loads, out.splitlines())
    assert (status, verdict["missing"]) == (0, []), out
    steps = [line["step"] for line in lines if line["step"]]
    of_platform = ["self_stop_accepted", "sigterm_sent", "exited_0", "terminated"]
    assert [step for step in steps if step in of_platform] == of_platform
    assert ("self_stop_refused" in steps) == ("503" in fault)


def test_ctrl_c_ends_the_demo_with_its_container() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "agent.local.demo", "--match", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        started = next(line for line in process.stdout if "container started" in line)
        pid = int(started.split()[-1])
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == ""
    assert "All" not in out
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_unreadable_fault_list_is_a_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--fault", "503x"]) == 78
    assert capsys.readouterr().err.startswith(
        "arbitrium-agent demo: cannot read the faults '503x': write 503, 503x2"
    )


def test_missing_steps_are_named_with_exit_status_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "behind_entrypoint", instead("sh", "-c", "exit 3"))
    assert demo.main([]) == 1
    out = capsys.readouterr().out
    assert "platform | container exited with 3" in out
    assert "Not seen:\n  - game: it listens\n" in out
    assert "\n  - platform: the container exits with 0\n" in out
    assert "\033" not in out


def test_game_without_an_agent_is_not_enough(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_LIMIT", 1.0)
    game = [sys.executable, str(demo._GAME)]
    monkeypatch.setattr(image, "behind_entrypoint", instead(*game))
    assert demo.main(["--json"]) == 1
    *lines, verdict = map(json.loads, capsys.readouterr().out.splitlines())
    steps = [line["step"] for line in lines if line["step"]]
    assert steps[:3] == ["container_started", "deployment_ready", "game_listening"]
    assert verdict["ok"] is False
    assert "agent: the game is ready" in verdict["missing"]


def test_entrypoint_that_is_nowhere_is_a_clear_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setattr(image, "_PACKAGE", tmp_path_factory.mktemp("empty"))
    assert demo.main([]) == 78
    assert "cannot find entrypoint.sh" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, "coloured"), ({"NO_COLOR": "1"}, "plain"), ({"TERM": "dumb"}, "plain")],
)
def test_colours_are_for_terminals_that_want_them(
    environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert demo._look(sys.stdout, as_json=False).value == expected
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert demo._look(sys.stdout, as_json=False).value == "plain"
    assert demo._look(sys.stdout, as_json=True).value == "json"
