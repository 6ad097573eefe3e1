"""Containers are real processes that leave nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from agent.local.ledger import ContainerStarted, Status
from agent.local.platform import Platform
from agent.local.version import RestartPolicy, Version
from tests.measured import measured
from tests.waiting import until

IS_ROOT = os.geteuid() == 0


def once(*command: str) -> Version:
    return Version(command=command, env=measured(), restart_policy=RestartPolicy.NEVER)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("command", "expected"),
    [(["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], None)],
)
async def test_exit_status_is_that_of_the_main_process(
    either: Platform, command: Sequence[str], expected: int | None
) -> None:
    deployment = await either.deploy(once(*command))
    await deployment.terminated()
    # PID 1 of a namespace cannot kill itself, so there the shell goes on to its end.
    assert deployment.exit_status in ((expected,) if expected is not None else (0, 137))


async def test_both_streams_are_captured_to_the_last_byte(either: Platform) -> None:
    program = "import os; os.write(1, bytes(range(256)) * 4096); os.write(2, b'no newline')"
    deployment = await either.deploy(once(sys.executable, "-c", program))
    await deployment.terminated()
    assert deployment.stdout == bytes(range(256)) * 4096
    assert deployment.stderr == b"no newline"


async def test_lines_are_told_as_they_come(either: Platform) -> None:
    lines: list[tuple[str, str]] = []
    command = ["sh", "-c", "printf 'one\\ntw'; printf 'o\\nthree'; printf 'err\\n' >&2"]
    deployment = await either.deploy(
        Version(
            command=command,
            restart_policy=RestartPolicy.NEVER,
            on_line=lambda stream, text: lines.append((stream, text)),
        )
    )
    await deployment.terminated()
    told = [("stderr", "err"), ("stdout", "one"), ("stdout", "three"), ("stdout", "two")]
    assert sorted(lines) == told


async def test_what_the_main_process_leaves_behind_is_killed(either: Platform) -> None:
    script = "setsid sleep 1000 & (trap '' TERM; setsid sh -c 'sleep 1000 & wait' &) ; echo up"
    deployment = await either.deploy(once("sh", "-c", script))
    await deployment.terminated()  # comes only when nobody holds the pipes any more
    assert deployment.exit_status == 0


async def test_container_starts_with_plain_signals_in_a_session_of_its_own(
    either: Platform,
) -> None:
    script = "grep -E 'Sig(Ign|Blk)' /proc/self/status; ps -o sid= -p $$ | tr -d ' '; echo $$"
    deployment = await either.deploy(once("sh", "-c", script))
    await deployment.terminated()
    lines = deployment.stdout.decode().splitlines()
    blocked, ignored, session, pid = (line.split()[-1] for line in lines)
    libc = 0b11 << 31  # signals 32, 33 belong to it: nobody can reset them, nothing sends them
    assert (int(ignored, 16) & ~libc, int(blocked, 16) & ~libc) == (0, 0)
    assert session == pid


@pytest.mark.skipif(not IS_ROOT, reason="a PID namespace needs root")
async def test_main_process_is_pid_1_where_the_kernel_lets_us(platform: Platform) -> None:
    deployment = await platform.deploy(once("sh", "-c", "echo $$; ls /proc | grep -c '^[0-9]'"))
    await deployment.terminated()
    pid, processes = deployment.stdout.split()
    assert pid == b"1"
    assert int(processes) < 6


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
async def test_container_runs_as_the_user_that_was_ordered(either: Platform) -> None:
    version = Version(command=["id", "-u"], restart_policy=RestartPolicy.NEVER, uid=1000)
    deployment = await either.deploy(version)
    await deployment.terminated()
    assert deployment.stdout == b"1000\n"


async def test_missing_command_is_an_error_of_the_deployment(either: Platform) -> None:
    deployment = await either.deploy(once("/nowhere/game"))
    assert deployment.status is Status.ERROR
    assert deployment.life.error_detail == "cannot start /nowhere/game: No such file or directory"
    assert deployment.exit_status is None


async def test_container_ends_with_a_platform_that_closes() -> None:
    async with Platform() as closing:
        deployment = await closing.deploy(once("sh", "-c", "trap '' TERM; echo up; sleep 1000"))
        await deployment.wrote("up")
        (start,) = [r for r in deployment.records if isinstance(r, ContainerStarted)]
    assert deployment.exit_status == 137
    assert is_gone(start.pid)


@pytest.mark.parametrize("kind", ["namespace", "plain"])
def test_container_ends_with_a_platform_that_was_killed(kind: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from agent.local.platform import Platform\n"
        "from agent.local.version import Version\n"
        "from agent.local.ledger import ContainerStarted\n"
        "async def main():\n"
        "    async with Platform(namespace=sys.argv[1] == 'namespace') as p:\n"
        "        d = await p.deploy(Version(command=['sleep', '1000']))\n"
        "        (pid,) = (r.pid for r in d.records if isinstance(r, ContainerStarted))\n"
        "        print(pid, flush=True)\n"
        "        await d.terminated()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, kind], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        assert not is_gone(pid)
        owner.send_signal(signal.SIGKILL)
    until(lambda: is_gone(pid))
