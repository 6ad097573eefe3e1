import errno
import os
import struct
import subprocess
from pathlib import Path

import pytest

from agent.pid1 import complaints
from tests.pid1.stage import ROOT, clean_environ, run


def make(path: Path, content: bytes | str, mode: int = 0o755) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return str(path)


def complaint(*command: str, **environ: str) -> tuple[int, str]:
    result = run("--", *command, environ={**clean_environ(), **environ})
    return result.returncode, result.stderr.removeprefix("agent[pid1]: ").strip()


def elf(machine: int, loader: bytes = b"") -> bytes:
    """Return the head of a 64-bit program for a machine, with the loader that it asks for."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    count = 1 if loader else 0
    head = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56, count, 0, 0, 0)
    if not loader:
        return ident + head
    interp = struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(loader) + 1, len(loader) + 1, 1)
    return ident + head + interp + loader + b"\0"


def test_name_that_path_does_not_know() -> None:
    code, text = complaint("no-such-server")
    assert code == 127
    assert text.startswith("cannot run 'no-such-server': no such command in ")


def test_empty_name() -> None:
    assert complaint("")[0] == 127


def test_missing_file(tmp_path: Path) -> None:
    code, text = complaint(str(tmp_path / "server"))
    assert code == 127
    assert "there is no such file; check the path" in text


def test_missing_file_of_another_case(tmp_path: Path) -> None:
    make(tmp_path / "Server.x86_64", "")
    code, text = complaint(str(tmp_path / "server.x86_64"))
    assert code == 127
    assert "but Server.x86_64 is there: mind the case" in text


def test_missing_folder(tmp_path: Path) -> None:
    code, text = complaint(str(tmp_path / "bin" / "server"))
    assert code == 127
    assert f"there is no folder {tmp_path / 'bin'}" in text


def test_file_that_is_not_executable(tmp_path: Path) -> None:
    code, text = complaint(make(tmp_path / "server", "#!/bin/sh\n", 0o644))
    assert code == 126
    assert "it is not executable; chmod +x" in text


def test_name_in_path_that_is_not_executable(tmp_path: Path) -> None:
    make(tmp_path / "server", "#!/bin/sh\n", 0o644)
    code, text = complaint("server", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert code == 126
    assert "it is not executable; chmod +x" in text


def test_folder(tmp_path: Path) -> None:
    code, text = complaint(str(tmp_path))
    assert code == 126
    assert "it is a folder; name the program in it" in text


def test_script_with_windows_line_ends(tmp_path: Path) -> None:
    code, text = complaint(make(tmp_path / "start.sh", "#!/bin/sh\r\necho\r\n"))
    assert code == 127
    assert "its first line ends with a carriage return (#!/bin/sh\\r)" in text


def test_script_without_its_interpreter(tmp_path: Path) -> None:
    code, text = complaint(make(tmp_path / "start.sh", "#!/usr/bin/nosuch -x\n"))
    assert code == 127
    assert "its interpreter /usr/bin/nosuch is not in the image" in text


def test_script_whose_interpreter_is_not_executable(tmp_path: Path) -> None:
    code, text = complaint(make(tmp_path / "start.sh", "#!/etc/passwd\n"))
    assert code == 126
    assert "its interpreter may not be executed; check /etc/passwd" in text


@pytest.mark.parametrize(
    ("loader", "family"),
    [(b"/lib/ld-musl-none.so.1", "musl (Alpine)"), (b"/lib64/ld-none.so.2", "glibc")],
)
def test_program_without_its_loader(tmp_path: Path, loader: bytes, family: str) -> None:
    machine = struct.unpack_from("<H", Path("/bin/true").read_bytes(), 18)[0]
    code, text = complaint(make(tmp_path / "server", elf(machine, loader)))
    assert code == 127
    assert f"its loader {loader.decode()} is not in the image; it was built for {family}" in text


def test_program_for_another_machine(tmp_path: Path) -> None:
    code, text = complaint(make(tmp_path / "server", elf(243)))
    assert code == 126
    assert f"it is built for riscv64, this machine is {os.uname().machine}" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"MZ\x90\0" * 20, "it is a Windows program"),
        (b"\0\1\2\3", "it is no program that Linux knows"),
        (b"\x7fELF" + bytes(60), "it is built for another machine"),
    ],
)
def test_file_that_is_no_program(tmp_path: Path, content: bytes, words: str) -> None:
    code, text = complaint(make(tmp_path / "server", content))
    assert code == 126
    assert words in text


def test_damaged_program(tmp_path: Path) -> None:
    path = make(tmp_path / "server", Path("/bin/true").read_bytes()[:24])
    assert "it is damaged" in complaint(path)[1]


def test_script_without_a_first_line_is_run_by_the_shell_as_shells_do(tmp_path: Path) -> None:
    result = run("--", make(tmp_path / "start.sh", 'echo "$1"; exit 5'), "word")
    assert (result.returncode, result.stdout) == (5, "word\n")
    assert "start.sh has no #! line: /bin/sh runs it" in result.stderr


def test_argument_that_is_too_long_for_the_kernel() -> None:
    error = OSError(errno.E2BIG, os.strerror(errno.E2BIG))
    code, text = complaints.explain(["/bin/true"], error, {})
    assert (code, "too long for the kernel" in text) == (126, True)


def test_nul_in_an_argument() -> None:
    code, text = complaints.explain(["a\0b"], ValueError("embedded null byte"), {})
    assert (code, text) == (126, "cannot run 'a\\x00b': embedded null byte; write it without")


def test_file_that_is_still_being_written(tmp_path: Path) -> None:
    path = make(tmp_path / "server", Path("/bin/true").read_bytes())
    with open(path, "ab"):  # noqa: PTH123 - held open on purpose
        code, text = complaint(path)
    assert code == 126
    assert "still open for writing" in text


def test_other_errors_are_the_kernels_words(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    code, text = complaint(str(loop))
    assert code == 126
    assert "Too many levels of symbolic links; check the path" in text


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_file_that_our_user_may_not_execute(tmp_path: Path) -> None:
    path = make(tmp_path / "server", "#!/bin/sh\n", 0o700)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:-1]:
        parent.chmod(parent.stat().st_mode | 0o011)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from agent.pid1 import complaints as c; "
        "print(c.explain([sys.argv[2]], OSError(13, ''), {})[1])"
    )
    setpriv = ["setpriv", "--reuid=1000", "--clear-groups"]
    said = subprocess.run(
        [*setpriv, "/usr/bin/python3", "-I", "-c", code, str(ROOT), path],
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode:
        pytest.skip("uid 1000 cannot read this checkout")
    assert "uid 1000 may not execute it" in said.stdout


def test_unreal_server_that_fails_as_root_gets_a_hint(tmp_path: Path) -> None:
    path = make(tmp_path / "MyGameServer.sh", "#!/bin/sh\nexit 1\n")
    result = run("--", path)
    assert result.returncode == 1
    hint = "looks like an Unreal server, which refuses to run as root; set AGENT_GAME_USER"
    assert (hint in result.stderr) == (os.getuid() == 0)


@pytest.mark.parametrize(
    ("name", "uid", "code", "expected"),
    [
        ("/game/LyraServer.sh", 0, 1, True),
        ("/game/LyraServer-Linux-Shipping", 0, 1, True),
        ("/game/LyraServer.sh", 1000, 1, False),
        ("/game/LyraServer.sh", 0, 0, False),
        ("/game/server.x86_64", 0, 1, False),
    ],
)
def test_hint_is_for_unreal_as_root_alone(
    name: str, uid: int, code: int, *, expected: bool
) -> None:
    assert bool(complaints.root_hint([name], uid, code)) is expected
