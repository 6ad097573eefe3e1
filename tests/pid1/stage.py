"""PID 1 on a stage: the real program, with the test as its agent's brain."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.pid1 import processes, wire
from tests import measured
from tests.waiting import until

ROOT = Path(__file__).parents[2]
GAMES = ROOT / "tests" / "games"
SECONDS = 20.0  # a guard against hanging, never a measure
PLATFORM = {
    "ARBITRIUM_REQUEST_ID": "abc123",
    "ARBITRIUM_DELETE_URL": "http://127.0.0.1:9/v1/self/stop/abc123/42",
    "ARBITRIUM_DELETE_TOKEN": "delete-secret",
    "ARBITRIUM_CONTEXT_URL": "http://127.0.0.1:9/v1/context/abc123/42",
    "ARBITRIUM_CONTEXT_TOKEN": "context-secret",
}

_AGENT = """
import os, socket, sys

def main():
    with socket.socket(socket.AF_UNIX) as brain:
        brain.connect(os.environ["TEST_BRAIN"])
        fds = [fd for fd in range(3, 10) if os.path.exists(f"/proc/self/fd/{fd}")
               and fd != brain.fileno()]
        socket.send_fds(brain, [f"{os.getpid()} MODULE {' '.join(sys.argv[1:])}".encode()], fds)
        for fd in fds:
            os.close(fd)
        word = brain.recv(100)
        if word.startswith(b"print "):
            print(word[6:].decode(), flush=True)
            word = brain.recv(100)
    return int(word or b"0")
"""


def game(name: str, *arguments: str) -> list[str]:
    """Return the command of a program of tests/games."""
    return [sys.executable, "-I", "-S", str(GAMES / f"{name}.py"), *arguments]


def clean_environ(**more: str) -> dict[str, str]:
    """Return an environment that holds nothing of this machine but the interpreter's path."""
    python = str(ROOT / ".venv" / "bin")
    coverage = {name: value for name, value in measured.measured().items() if value}
    return {"PATH": f"{python}:/usr/bin:/bin", "AGENT_PORT": "0", **coverage, **more}


def run(
    *words: str, environ: dict[str, str] | None = None, measure: bool = True, **options: Any
) -> Any:
    """Run the entrypoint to its end; return what subprocess.run returns, in text.

    Args:
        words: its arguments.
        environ: all variables, in place of the usual ones.
        measure: whether coverage is taken where it is being taken, at ten times the start's time.
        options: of ``subprocess.run``.
    """
    return subprocess.run(
        [measured.entrypoint() if measure else str(ROOT / "entrypoint.sh"), *words],
        env=clean_environ() if environ is None else environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        **options,
    )


class Agent:
    """One agent process, of which the test has the descriptors."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        text, fds, _, _ = socket.recv_fds(connection, 4096, 8)
        words = text.decode().split()
        self.pid, self.module, self.arguments = int(words[0]), words[1], words[2:]
        self.fds = fds
        self.channel = socket.socket(fileno=fds[0])
        self.channel.settimeout(SECONDS)
        self.state = fds[1]
        self.settings = fds[2]

    def say(self, do: str, **fields: Any) -> None:
        """Give PID 1 an order."""
        self.channel.send(json.dumps({"do": do, **fields}).encode())

    def hear(self, kind: str) -> dict[str, Any]:
        """Wait for a message of this kind; others are dropped."""
        while True:
            message: dict[str, Any] = json.loads(self.channel.recv(1 << 20))
            if message["is"] == kind:
                return message

    def hello(self) -> dict[str, Any]:
        """Introduce ourselves, as the agent does; return the truth."""
        self.say("hello")
        return self.hear("truth")

    def print(self, text: str) -> None:
        """Let the agent process write a line to its stdout."""
        self._connection.send(f"print {text}".encode())

    def end(self, status: int = 0) -> None:
        """Let the agent process exit."""
        self._connection.send(str(status).encode())

    def close(self) -> None:
        """Close what the test holds of it."""
        self.channel.close()
        for fd in self.fds[1:]:
            os.close(fd)
        self._connection.close()


class Stage:
    """A running PID 1: its pid, its output, its agents."""

    def __init__(self, process: subprocess.Popen[bytes], brain: socket.socket, folder: Path):
        self.process = process
        self._brain = brain
        self.folder = folder
        self.pid = process.pid
        self._agents: list[Agent] = []

    def agent(self) -> Agent:
        """Wait for the next agent that PID 1 starts."""
        connection, _ = self._brain.accept()
        connection.settimeout(SECONDS)
        self._agents.append(Agent(connection))
        return self._agents[-1]

    def no_agent_within(self, seconds: float) -> bool:
        """Return whether none comes."""
        self._brain.settimeout(seconds)
        try:
            self.agent()
        except TimeoutError:
            return True
        finally:
            self._brain.settimeout(SECONDS)
        return False

    def line(self, stream: str = "stdout") -> str:
        """Wait for the next line of the game, or of ``stderr``."""
        pipe = self.process.stdout if stream == "stdout" else self.process.stderr
        assert pipe is not None
        return pipe.readline().decode().rstrip("\n")

    def line_with(self, text: str) -> str:
        """Wait for a line on stderr that holds *text*."""
        while text not in (line := self.line("stderr")):
            assert line, f"stderr ended without {text!r}"
        return line

    def signal(self, *signums: int) -> None:
        """Send signals to PID 1, one after the other."""
        for signum in signums:
            os.kill(self.pid, signum)

    def wait(self) -> int:
        """Wait for PID 1's end; return its exit status."""
        return self.process.wait(SECONDS)

    def rest(self) -> tuple[str, str]:
        """Wait for the end of both streams; return what is left on them."""
        out, err = self.process.communicate(timeout=SECONDS)
        return out.decode(), err.decode()

    def close(self) -> None:
        """End everything that is still there."""
        below: set[int] = set()
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGSTOP)  # so that it starts nobody meanwhile
                below = processes.descendants(self.pid)
                processes.send_each({self.pid, *below}, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait(SECONDS)
            until(lambda: all(is_gone(pid) for pid in below), what="their end")
        for agent in self._agents:
            agent.close()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        self._brain.close()


def fake_root(folder: Path, look_seconds: float = wire.LOOK_SECONDS) -> Path:
    """Copy what PID 1 needs, with an agent that does what the test tells it."""
    source, copy = ROOT / "agent", folder / "agent"
    copy.mkdir()
    for name in ("__init__.py", "errors.py"):
        shutil.copy2(source / name, copy)
    changed = look_seconds != wire.LOOK_SECONDS
    for name in ("pid1", "core"):
        if measured.is_on() and not changed:
            (copy / name).symlink_to(source / name)  # so that it is the measured code
        else:
            shutil.copytree(source / name, copy / name)  # with its bytecode, times as they are
    wires = (source / "pid1" / "wire.py").read_text()
    if changed:
        wires = wires.replace(f"= {wire.LOOK_SECONDS} ", f"= {look_seconds} ")
        (copy / "pid1" / "wire.py").write_text(wires)
    for module in ("configure", "wiring", "rescue"):
        code = _AGENT.replace("MODULE", module)
        (folder / "agent" / f"{module}.py").write_text(code)
    shutil.copy(ROOT / "entrypoint.sh", folder)
    measured.stand_in(folder)
    return folder


@contextlib.contextmanager
def stage(
    *words: str,
    environ: dict[str, str] | None = None,
    namespace: bool = False,
    look_seconds: float = wire.LOOK_SECONDS,
    script: str = "",
    before: list[str] | None = None,
    **options: Any,
) -> Iterator[Stage]:
    """Start PID 1 on a fake root.

    Args:
        words: the entrypoint's arguments.
        environ: more variables.
        namespace: as PID 1 of a PID namespace of its own.
        look_seconds: how often the heartbeat is looked at.
        script: the text of ``./server``, for a command of that name.
        before: what PID 1 is started by, such as setpriv with its arguments.
        options: of ``subprocess.Popen``.
    """
    folder = Path(tempfile.mkdtemp(prefix="stage-"))
    brain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    brain.bind(str(folder / "brain"))
    brain.listen(64)
    brain.settimeout(SECONDS)
    fake_root(folder, look_seconds)
    if script:
        server = folder / "server"
        server.write_text(f"#!/bin/sh\n{script}\n")
        server.chmod(0o755)
        options["cwd"] = folder
    folder.chmod(0o755)
    (folder / "brain").chmod(0o777)
    unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] if namespace else []
    process = subprocess.Popen(
        [*unshare, *(before or []), str(folder / "entrypoint.sh"), *words],
        env={**clean_environ(TEST_BRAIN=str(folder / "brain")), **(environ or {})},
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )
    it = Stage(process, brain, folder)
    try:
        if namespace:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            it.pid = int(until(children.read_text, what="PID 1"))
        yield it
    finally:
        it.close()
        shutil.rmtree(folder)


def is_gone(pid: int) -> bool:
    """Return whether a process has ended, reaped or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")
