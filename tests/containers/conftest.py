"""Images for the tests: a base without Python, the bundle, Dockerfile.example on both.

They take minutes and an engine, so that only ``make containers`` collects them.
"""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import need

from .podman import LIMITS, Podman

TOP = Path(__file__).parents[2]
ROOT = TOP / ".ci" / "bundle" / "root"

collect_ignore_glob = [] if os.environ.get("CONTAINERS") else ["test_*.py"]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked bundle."""
    packed = sorted((TOP / "dist").glob("arbitrium-agent-*.tar.gz"))
    need("the bundle", there=bool(packed), package="it by make bundle")
    folder = tmp_path_factory.mktemp("bundle")
    with tarfile.open(packed[-1]) as archive:
        archive.extractall(folder, filter="tar")
    return folder


@pytest.fixture(scope="session")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a static and a dynamic game."""
    folder = tmp_path_factory.mktemp("games")
    source = str(Path(__file__).with_name("game.c"))
    for name, flags in (("static", ["-static"]), ("dynamic", [])):
        # The old glibc of the oldest base is wanted: a shared object that needs no new symbol.
        subprocess.run(["gcc", "-O2", *flags, "-o", folder / name, source], check=True)
    return folder


def root_of(suite: str) -> Path:
    """Return a minimal Debian root, made once for all runs on this machine."""
    need("debootstrap")
    folder = TOP / "build" / f"minbase-{suite}"
    subprocess.run([ROOT, suite, folder], check=True)
    return folder


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """The engine, where the kernel lets it work."""
    need("podman")
    need("runc")
    engine = Podman(tmp_path_factory.mktemp("podman"))
    try:
        root = root_of("bookworm")
        engine.call("run", "--rm", "--network", "none", *LIMITS, "--rootfs", f"{root}:O", "true")
    except AssertionError as error:
        pytest.skip(f"podman is refused here: {error}")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def image(podman: Podman, games: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Dockerfile.example, built on a base that has no Python and no certificates."""
    root = root_of("bookworm")
    packed = tmp_path_factory.mktemp("base") / "base.tar"
    subprocess.run(
        ["tar", "-C", root, "--exclude=./var/cache/apt", "-cf", packed, "."], check=True
    )
    podman.call("import", str(packed), "localhost/base")
    packed.unlink()
    context = tmp_path_factory.mktemp("context")
    (context / "build").mkdir()
    shutil.copy(games / "dynamic", context / "build" / "server")
    (context / "dist").mkdir()
    for each in (TOP / "dist").glob("arbitrium-agent-*.tar.gz"):
        shutil.copy(each, context / "dist")
    shutil.copy(TOP / "Dockerfile.example", context / "Dockerfile")
    options = ("--network", "none", "--build-arg", "BASE=localhost/base", *LIMITS)
    podman.call("build", *options, "-t", "localhost/my-server", str(context))
    return "localhost/my-server"
