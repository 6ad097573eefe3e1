"""Build the self-contained bundle: ``build.py [--root FOLDER] [--out FOLDER]``.

The interpreter is built from Debian's source in an old Debian root, so that its glibc is old
enough for the images that games are in; everything is put under ``opt/agent``, pruned,
compiled, packed: the same bytes from the same source.
"""

import argparse
import compileall
import gzip
import hashlib
import io
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parents[1]
SUITE = "bullseye"  # glibc 2.31
NEWEST_GLIBC = (2, 31)
MOST_BYTES = 22 * 10**6
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
UNUSED = (
    *("test", "idlelib", "turtledemo", "tkinter", "ensurepip", "lib2to3", "distutils"),
    *("pydoc_data", "unittest", "curses", "dbm", "wsgiref", "xmlrpc", "venv", "site-packages"),
    *("config-3.11-x86_64-linux-gnu", "config-3.11-aarch64-linux-gnu", "turtle.py", "this.py"),
    *("pydoc.py", "doctest.py", "antigravity.py", "__phello__", "cgi.py", "cgitb.py"),
)
PACKAGES = "dist-packages"  # Debian's patches have it instead of site-packages
COMMAND = """\
#!/bin/sh
# The command line: off the PATH's front, or our python3 would hide the game's.
self=$(readlink -f "$0")
exec "${self%/*}/python3" -I -c 'import sys
sys.path.insert(0, sys.argv.pop(1))
from agent.cli import main
sys.exit(main())' "${self%/bin/*}" "$@"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=TOP / "build" / SUITE)
    parser.add_argument("--out", type=Path, default=TOP / "dist")
    chosen = parser.parse_args()
    machine = platform.machine()
    name = f"arbitrium-agent-{_version()}-linux-{ARCHITECTURES[machine]}"
    tree = TOP / "build" / name
    shutil.rmtree(tree, ignore_errors=True)
    agent = tree / "opt" / "agent"
    agent.mkdir(parents=True)
    _say("the interpreter")
    _interpreter(chosen.root, agent)
    _say("the dependencies")
    _dependencies(agent, machine)
    _say("the agent")
    _agent(chosen.root, agent)
    _prune(agent)
    _compile(agent)
    _start(agent)
    glibc = max(_glibc(tree), default=(0, 0))
    if glibc > NEWEST_GLIBC:
        raise SystemExit(f"cannot ship this: it wants glibc {glibc}, newer than {NEWEST_GLIBC}")
    size = _ship(tree, chosen.out / f"{name}.tar.gz", glibc)
    if size > MOST_BYTES:
        raise SystemExit(f"cannot ship this: {size} bytes are more than {MOST_BYTES}")
    return 0


def _ship(tree: Path, packed: Path, glibc: tuple[int, int]) -> int:
    """Write the archive with its checksum; return its size."""
    packed.parent.mkdir(exist_ok=True)
    packed.write_bytes(_pack(tree))
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    (packed.parent / "SHA256SUMS").write_text(f"{digest}  {packed.name}\n")
    size = packed.stat().st_size
    print(f"{packed}: {size / 1e6:.1f} MB, glibc ≥ {glibc[0]}.{glibc[1]}, sha256 {digest}")
    return size


def _say(what: str) -> None:
    print(f"bundle: {what}", file=sys.stderr, flush=True)


def _version() -> str:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def _interpreter(root: Path, agent: Path) -> None:
    """Build CPython in the root, unless it is there; take what a start needs."""
    built = root / "opt" / "agent"
    if not (built / "bin" / "python3.11").exists():
        subprocess.run([HERE / "root", SUITE, root], check=True)
        shutil.copy(HERE / "python", root / "build-python")
        environ = {**os.environ, "SOURCE_DATE_EPOCH": str(_epoch())}
        command = ["chroot", root, "/build-python", "/opt/agent"]
        subprocess.run(command, check=True, env=environ)
    (agent / "bin").mkdir()
    shutil.copy(built / "bin" / "python3.11", agent / "bin" / "python3")
    shutil.copytree(
        built / "lib" / "python3.11",
        agent / "lib" / "python3.11",
        ignore=lambda _, names: [each for each in names if each in UNUSED],
        symlinks=True,
    )


def _dependencies(agent: Path, machine: str) -> None:
    target = agent / "lib" / "python3.11" / PACKAGES
    tags = [word for tag in TAGS for word in ("--platform", f"{tag}_{machine}")]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--no-compile", "--only-binary=:all:", "--implementation", "cp"),
        *("--python-version", "3.11", *tags, "--target", str(target)),
        *("-r", str(TOP / "requirements-bundle.lock")),
    ]
    subprocess.run(command, check=True)


def _agent(root: Path, agent: Path) -> None:
    shutil.copy(TOP / "entrypoint.sh", agent / "entrypoint.sh")
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(TOP / "agent", agent / "agent", ignore=ignore)
    command = agent / "bin" / "arbitrium-agent"
    command.write_text(COMMAND)
    command.chmod(0o755)
    shutil.copy(root / "etc/ssl/certs/ca-certificates.crt", agent / "ca-certificates.crt")
    licences = agent / "licences"
    licences.mkdir()
    shutil.copy(TOP / "LICENSE", licences / "arbitrium-agent.txt")
    for source, name in (
        ("build/python3.11-*/LICENSE", "cpython"),
        ("build/openssl-*/LICENSE.txt", "openssl"),
        ("usr/share/doc/libffi-dev/copyright", "libffi"),
        ("usr/share/doc/zlib1g-dev/copyright", "zlib"),
        ("usr/share/doc/libsqlite3-dev/copyright", "sqlite"),
        ("usr/share/doc/ca-certificates/copyright", "ca-certificates"),
    ):
        shutil.copy(next(root.glob(source)), licences / f"{name}.txt")
    packages = agent / "lib" / "python3.11" / PACKAGES
    for path in sorted(packages.glob("*.dist-info/**/*")):
        if path.is_file() and re.match(
            r"(licen[sc]e|copying|notice|authors)", path.name, re.IGNORECASE
        ):
            owner = path.relative_to(packages).parts[0].partition("-")[0]
            (licences / f"{owner}-{path.name}").write_bytes(path.read_bytes())


def _prune(agent: Path) -> None:
    """Leave out what no start and no call reads."""
    packages = agent / "lib" / "python3.11" / PACKAGES
    for pattern in ("**/tests", "**/test", "**/*.pyx", "**/*.pxd", "**/*.pyi", "**/*.c", "**/*.h"):
        for path in [*packages.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (packages / "bin", *packages.glob("*.dist-info")):
        shutil.rmtree(path, ignore_errors=True)
    for path in [*agent.rglob("__pycache__")]:
        shutil.rmtree(path)
    for path in agent.rglob("*.so"):
        subprocess.run(["strip", "--strip-unneeded", path], check=True)


def _compile(agent: Path) -> None:
    """Compile all: the game's user can't, so that every start would do it again."""
    done = compileall.compile_dir(
        agent,
        quiet=1,
        force=True,
        stripdir=agent.parents[1],
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise SystemExit("cannot compile the bundle")


def _start(agent: Path) -> None:
    """Import what the agent may need, with nothing but the bundle."""
    code = (
        "import aiohttp, grpclib, google.protobuf, pydantic_settings, psutil, tenacity, zstandard"
    )
    code += "; import _ctypes, _socket, fcntl, select, sqlite3, ssl"
    command = [agent / "bin" / "python3", "-I", "-B", "-c", code]
    subprocess.run(command, check=True, env={})


def _glibc(tree: Path) -> Iterator[tuple[int, int]]:
    """Yield the versions of glibc's symbols that our binaries want."""
    for path in tree.rglob("*"):
        if not path.is_file() or path.is_symlink() or path.read_bytes()[:4] != b"\x7fELF":
            continue
        table = subprocess.run(["objdump", "-T", path], capture_output=True, text=True, check=True)
        for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", table.stdout):
            yield int(major), int(minor)


def _pack(tree: Path) -> bytes:
    """Return the archive: sorted, owned by root, dated by the source."""
    epoch, raw = _epoch(), io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(tree.rglob("*")):
            entry = archive.gettarinfo(path, str(path.relative_to(tree)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = epoch
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            with path.open("rb") if entry.isfile() else io.BytesIO() as content:
                archive.addfile(entry, content if entry.isfile() else None)
    return gzip.compress(raw.getvalue(), 9, mtime=epoch)


def _epoch() -> int:
    """Return the time of the source: of its last commit, or what the environment says."""
    if told := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(told)
    command = ["git", "-C", str(TOP), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout or 0)


if __name__ == "__main__":
    sys.exit(main())
