"""The rescue as a process, with a socket for PID 1 against a platform that can fail."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import rescue, trust
from agent.errors import PlatformError
from agent.pid1 import harden, wire
from tests.fakes.selfstop_platform import DEPLOYMENT, HANG, PATH, RESET, TOKEN, Answer, Platform
from tests.fakes.tls import make_certificate, server_context
from tests.waiting import until

KEPT = ("PATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
POWERLESS = () if os.getuid() else ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
ROOT = str(Path(rescue.__file__).parents[1])


class Started:
    """A rescue process with our end of its channel."""

    def __init__(self, process: "subprocess.Popen[str]", channel: socket.socket) -> None:
        self.process = process
        self.channel = channel

    def hear(self) -> dict[str, str]:
        datagram = self.channel.recv(65536)
        message: dict[str, str] = json.loads(datagram) if datagram else {}
        return message

    def tell(self, **message: object) -> None:
        self.channel.send(json.dumps(message).encode())

    def tell_truth(self, url: str, token: str = TOKEN) -> None:
        assert self.hear() == {"do": "hello"}
        self.tell(**{"is": "game_exited", "pid": 7, "status": 0, "at": 1.0})
        secrets = {"ARBITRIUM_DELETE_URL": url, "ARBITRIUM_DELETE_TOKEN": token}
        self.tell(**{"is": "truth", "boot": "b", "secrets": secrets if url else {}})

    def end(self) -> tuple[int, str]:
        """Hang up as a PID 1 that is gone; return the exit status, stderr."""
        self.channel.close()
        _, stderr = self.process.communicate(timeout=30)
        assert TOKEN not in stderr
        assert "463660" not in stderr
        return self.process.returncode, stderr


@contextmanager
def started(prefix: tuple[str, ...] = (), **variables: str) -> Iterator[Started]:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(30)
    shift = f'exec 3<&{its.fileno()} {its.fileno()}<&-; exec "$@"'
    argv = [
        "bash",
        "-c",
        shift,
        "bash",
        *prefix,
        *wire.command(sys.executable, ROOT, "agent.rescue"),
    ]
    with ours:
        process = subprocess.Popen(
            argv,
            pass_fds=[its.fileno()],
            env={name: os.environ[name] for name in os.environ if name in KEPT} | variables,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        its.close()
        try:
            yield Started(process, ours)
        finally:
            process.kill()
            process.communicate()


def test_deployment_is_ended_after_failures() -> None:
    with Platform(Answer(503), RESET) as platform, started() as run:
        run.tell_truth(platform.url)
        said = [run.hear() for _ in range(3)]
        assert [message["outcome"] for message in said] == ["failed", "failed", "accepted"]
        assert {message["do"] for message in said} == {"reported"}
        assert platform.stops == 1
        assert said[2]["detail"].startswith("202: 23c01225b99d - Delete request")
        assert run.end() == (0, "")


def test_deployment_is_ended_over_tls(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with (
        Platform(tls=server_context(certificate)) as platform,
        started(SSL_CERT_FILE=str(certificate)) as run,
    ):
        run.tell_truth(platform.url)
        assert run.hear()["outcome"] == "accepted"


def test_platform_with_a_foreign_certificate_never_sees_the_token(tmp_path: Path) -> None:
    with (
        Platform(tls=server_context(make_certificate(tmp_path))) as platform,
        started() as run,
    ):
        run.tell_truth(platform.url)
        said = run.hear()
        assert said["outcome"] == "failed"
        assert "certificate verify failed" in said["detail"]
        assert platform.requests == []


def test_secrets_are_not_asked_for_where_they_cannot_be_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    monkeypatch.setattr(harden, "hide", lambda: False)
    monkeypatch.setattr(wire, "CHANNEL", its.detach())
    with ours:
        assert rescue.main() == 1
        assert ours.recv(100) == b""
    assert "does not let us hide them" in capsys.readouterr().err


def test_pid_1_that_is_gone_with_our_words_unread_ends_the_pause() -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        its.send(b"{}")
        ours.close()  # the kernel says ECONNRESET instead of the end
        assert rescue._is_over(its, 60.0)


def test_hints_from_pid_1_do_not_shorten_a_pause() -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, its:
        ours.send(b'{"is": "game_started", "pid": 7, "at": 1.0}')
        assert not rescue._is_over(its, 0.05)
        assert not rescue._is_over(its, 0.0)
        ours.send(b'{"is": "term", "signum": 15, "at": 1.0}')
        assert rescue._is_over(its, 60.0)


def test_log_storage_is_taken_from_the_setting() -> None:
    with Platform() as platform, started(AGENT_CONTAINER_LOG_STORAGE="mine") as run:
        run.tell_truth(platform.url)
        assert run.hear()["outcome"] == "accepted"
        assert platform.requests[0].target == f"{PATH}?container_log_storage=mine"


def test_secrets_are_asked_for_only_when_the_process_is_closed_to_others() -> None:
    """Seen by a process of the same uid without capabilities, as the game is at worst."""
    with started(prefix=POWERLESS) as run, subprocess.Popen([*POWERLESS, "cat"], stdin=-1) as cat:
        assert run.hear() == {"do": "hello"}
        until(lambda: Path(f"/proc/{cat.pid}/comm").read_text() == "cat\n")
        assert _is_readable(cat.pid)
        assert not _is_readable(run.process.pid)


def _is_readable(pid: int) -> bool:
    reader = [*POWERLESS, "cat", f"/proc/{pid}/environ"]
    return subprocess.run(reader, capture_output=True, check=False).returncode == 0


def test_rejection_is_said_loudly_with_the_deployment() -> None:
    with Platform() as platform, started() as run:
        run.tell_truth(platform.url, "wrong")
        assert run.hear() == {"do": "reported", "outcome": "rejected", "detail": "403: bad token"}
        _, stderr = run.end()
    [line] = stderr.splitlines()
    assert DEPLOYMENT in line
    assert "still runs and is billed" in line


def test_nothing_is_done_where_no_delete_url_was_injected() -> None:
    with started() as run:
        run.tell_truth("")
        assert run.process.wait(30) == 0
        assert run.hear() == {}
        assert run.end() == (0, "")


def test_rescue_without_a_pid_1_says_so() -> None:
    with started() as run:
        assert run.hear() == {"do": "hello"}
        status, stderr = run.end()
    assert status == 1
    assert "closed the channel" in stderr


def test_rescue_goes_when_the_platform_ends_the_deployment_by_itself() -> None:
    with Platform() as platform, started() as run:
        run.tell_truth(platform.url)
        assert run.hear()["outcome"] == "accepted"
        run.tell(**{"is": "game_not_started", "why": "", "at": 1.0})
        run.tell(**{"is": "term", "signum": 15, "at": 2.0})
        assert run.process.wait(30) == 0
        assert len(platform.requests) == 1


def test_rescue_loads_nothing_of_third_parties() -> None:
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r}); import agent.rescue;"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('aiohttp', 'asyncio', 'msgspec', 'tenacity', 'pydantic', 'psutil')])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


class Run:
    """A petition in this process, in logical time."""

    def __init__(self, url: str, token: str = TOKEN, timeout: float = 20.0) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._ours, self._its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.petition = rescue.Petition(
            url, token, self._its, attempt_timeout=timeout, chance=lambda: 0.5
        )

    def go(self, pauses: int) -> list[str]:
        """Let it live for that many pauses; return the outcomes that it reported."""

        def wait(seconds: float) -> bool:
            self.pauses.append(seconds)
            self.now += seconds
            return len(self.pauses) >= pauses

        with self._ours, self._its:
            self.petition.run(wait, now=lambda: self.now)
            self._ours.setblocking(False)
            outcomes = []
            try:
                while True:
                    outcomes.append(json.loads(self._ours.recv(65536))["outcome"])
            except BlockingIOError:
                return outcomes


def test_faults_in_a_row_end_in_one_accepted_stop() -> None:
    script = [Answer(503)] * 5 + [Answer(429, (("Retry-After", "7"),)), RESET, HANG]
    with Platform(*script) as platform:
        run = Run(platform.url, timeout=1.0)
        assert run.go(9) == ["failed"] * 8 + ["accepted"]
        assert platform.stops == 1
    assert run.pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 7.0 + 8.0, 15.0, 15.0, 60.0]


def test_accepted_stop_is_repeated_each_minute_later_each_five() -> None:
    with Platform() as platform:
        run = Run(platform.url)
        assert run.go(18) == ["accepted"] * 18
        assert len(platform.requests) == 18
    assert run.pauses == [60.0] * 15 + [300.0] * 3


def test_rejected_stop_is_repeated_at_the_same_pace_but_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Platform() as platform:
        run = Run(platform.url, "wrong")
        assert run.go(17) == ["rejected"] * 17
    assert run.pauses == [60.0] * 15 + [300.0] * 2
    assert capsys.readouterr().err.count("STILL RUNS") == 1


def test_answer_that_is_not_http_is_tried_again() -> None:
    with Platform(Answer(fault="garbage")) as platform:
        assert Run(platform.url).go(2) == ["failed", "accepted"]


@pytest.mark.parametrize("status", [404, 410])
def test_stop_of_an_ended_deployment_is_done(status: int) -> None:
    with Platform(Answer(status)) as platform:
        run = Run(platform.url)
        assert run.go(1) == ["gone"]
    assert run.pauses == []


@pytest.mark.parametrize("url", ["nonsense", "http://host:99999/a/b", "http:///a/b"])
def test_call_that_cannot_be_made_is_rejected(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Run(url).go(1) == ["rejected"]
    assert "ARBITRIUM_DELETE_URL is not a valid" in capsys.readouterr().err


def test_closed_port_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert Run(f"http://127.0.0.1:{port}{PATH}").go(2) == ["failed", "failed"]


def test_body_that_never_ends_does_not_undo_the_acceptance() -> None:
    with Platform(Answer(202, fault="half_body")) as platform:
        assert Run(platform.url, timeout=0.5).go(1) == ["accepted"]


def test_image_without_certificates_is_said_clearly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def context() -> object:
        raise PlatformError("cannot verify: install ca-certificates")

    monkeypatch.setattr(trust, "context", context)
    assert Run(f"https://127.0.0.1:9{PATH}").go(1) == ["rejected"]
    assert "install ca-certificates" in capsys.readouterr().err


def test_channel_that_is_full_does_not_stop_the_petition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send(*_: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(rescue, "_send", send)
    with Platform() as platform:
        assert Run(platform.url).go(1) == []
        assert platform.stops == 1


@pytest.mark.parametrize(
    ("url", "target"),
    [("http://h/a%2fb?x=%20", "/a%2fb?x=%20"), ("http://h", "/"), ("http://h/", "/")],
)
def test_target_is_sent_as_given(url: str, target: str) -> None:
    assert rescue._target(url) == target
