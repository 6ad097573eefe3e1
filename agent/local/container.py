"""One run of a container's main process, seen from the platform."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import PlatformError

from .version import Version

_BOX = Path(__file__).with_name("box.py")
_CHUNK = 65_536


@dataclass(slots=True)
class Output:
    """What a deployment has written so far, byte for byte, over all its runs.

    Attributes:
        on_bytes: is called after each addition.
        on_line: is told each whole line with the name of its stream.
    """

    on_bytes: Callable[[], None]
    on_line: Callable[[str, str], None] | None = None
    streams: dict[str, bytearray] = field(
        default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()}
    )

    async def capture(self, name: str, reader: asyncio.StreamReader) -> None:
        """Read one stream to its end."""
        whole = self.streams[name]
        told = len(whole)
        while chunk := await reader.read(_CHUNK):
            whole += chunk
            told = self._tell_lines(name, told)
            self.on_bytes()
        if self.on_line and told < len(whole):  # a crash may leave a line without its end
            self.on_line(name, whole[told:].decode(errors="replace"))

    def _tell_lines(self, name: str, told: int) -> int:
        """Pass on the lines that are complete; return where the next one begins."""
        whole = self.streams[name]
        end = whole.rfind(b"\n", told) + 1
        if self.on_line is None or end == 0:
            return max(told, end)
        for line in whole[told:end].splitlines():
            self.on_line(name, line.decode(errors="replace"))
        return end


class Container:
    """A main process in its box.

    Attributes:
        on_start: is told the main process's PID with the time.
        exit_status: of the main process; 128 + n where signal n ended it.
        exited_at: when that was, in boot-time seconds.
    """

    def __init__(self, version: Version, environment: Mapping[str, str], output: Output) -> None:
        self._version = version
        self._environment = dict(environment)
        self._output = output
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.settimeout(0)
        self._trouble = "cannot run a container: its box broke; look at its standard error"
        self.on_start: Callable[[int, float], None] = _ignore
        self.exit_status = -1
        self.exited_at = 0.0

    def signal(self, signum: int) -> None:
        """Signal the main process; harmless if it is already gone."""
        with contextlib.suppress(OSError):  # the box has left, because the main process had
            self._ours.send(str(int(signum)).encode())

    async def run(self, *, namespace: bool) -> None:
        """Start the main process, return when it is gone with all its output read.

        Raises:
            PlatformError: it could not be started.
        """
        with self._ours:
            with self._theirs:
                process = await self._spawn(namespace=namespace)
            assert process.stdout  # noqa: S101 - for the type checker: both are pipes
            assert process.stderr  # noqa: S101
            async with asyncio.TaskGroup() as group:
                group.create_task(self._output.capture("stdout", process.stdout))
                group.create_task(self._output.capture("stderr", process.stderr))
                group.create_task(self._listen())
            await process.wait()
        if self._trouble:
            raise PlatformError(self._trouble)

    async def _spawn(self, *, namespace: bool) -> asyncio.subprocess.Process:
        version, control = self._version, self._theirs.fileno()
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_BOX), str(control)),
            "namespace" if namespace else "plain",
            "-" if version.uid is None else str(version.uid),
            *version.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            cwd=version.cwd,
            pass_fds=(control,),
            start_new_session=True,
        )

    async def _listen(self) -> None:
        """Take down what the box says, until it leaves."""
        while message := await self._hear():
            word, _, rest = message.decode().partition(" ")
            if word == "failed":
                self._trouble = rest
            else:
                number, at = rest.split()
                self._take_down(word, int(number), float(at))

    async def _hear(self) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            return await loop.sock_recv(self._ours, _CHUNK)
        except ConnectionResetError:
            # It left with a signal of ours unread; what it said before is behind this error.
            return await loop.sock_recv(self._ours, _CHUNK)

    def _take_down(self, word: str, number: int, at: float) -> None:
        if word == "started":
            self.on_start(number, at)
        else:
            self._trouble = ""
            self.exit_status, self.exited_at = _exit_status(number), at


def _ignore(_pid: int, _at: float) -> None:
    """Nobody asked to be told."""


def _exit_status(raw: int) -> int:
    code = os.waitstatus_to_exitcode(raw)
    return code if code >= 0 else 128 - code
