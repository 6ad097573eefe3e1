"""The bundle runs on root file systems that have nothing but glibc."""

import json
from pathlib import Path

import pytest

from .conftest import root_of
from .podman import Podman

LEAKS = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "SSL_CERT_FILE", "VIRTUAL_ENV")


def mounts(bundle: Path, games: Path) -> tuple[str, ...]:
    return ("-v", f"{bundle}/opt/agent:/opt/agent:ro", "-v", f"{games}:/game:ro")


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie"])
def test_static_game_plays_on_nothing_but_a_root(
    suite: str, podman: Podman, bundle: Path, games: Path
) -> None:
    root = f"{root_of(suite)}:O"
    options = (*mounts(bundle, games), "-e", "AGENT_GRACE=20s")
    words = ("--rootfs", root, "/opt/agent/entrypoint.sh", "/game/static")
    with podman.container(*words, options=options) as container:
        container.wrote("serving the game at")
        status = json.loads(container.run("/opt/agent/bin/arbitrium-agent", "status", "--json"))
        assert status["game"]["running"]
        assert container.stop() == 0
        assert "saved" in container.logs


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_dynamic_game_gets_nothing_of_the_bundles(
    suite: str, podman: Podman, bundle: Path, games: Path
) -> None:
    """Built here, so that it wants this machine's glibc: older roots are for the static one."""
    options = (*mounts(bundle, games), "-e", "AGENT_GRACE=20s")
    words = (
        *("--rootfs", f"{root_of(suite)}:O"),
        *("/opt/agent/entrypoint.sh", "/game/dynamic", "env"),
    )
    with podman.container(*words, options=options) as container:
        said = container.wrote("line 1\n")
        names = {line[4:].partition("=")[0] for line in said.splitlines() if line[:4] == "env "}
        assert "AGENT_URL" in names
        assert not names & set(LEAKS)
        assert not any("/opt/agent" in line for line in said.splitlines() if line[:4] == "env ")
        assert container.stop() == 0


def test_certificates_are_there_where_the_image_has_none(
    podman: Podman, bundle: Path, games: Path
) -> None:
    code = (
        "import sys; sys.path.insert(0, '/opt/agent'); from agent.trust import context; "
        "print(context().cert_store_stats()['x509_ca'])"
    )
    root = root_of("bookworm")
    assert not (root / "etc/ssl/certs/ca-certificates.crt").exists()
    said = podman.call(
        *("run", "--rm", "--network", "none", "--ulimit", "nofile=10000:10000"),
        *("--ulimit", "nproc=4096:4096", *mounts(bundle, games), "--rootfs", f"{root}:O"),
        *("/opt/agent/bin/python3", "-I", "-c", code),
    )
    assert int(said) > 100


def test_bundle_runs_from_any_place(podman: Podman, bundle: Path, games: Path) -> None:
    options = ("-v", f"{bundle}/opt/agent:/else/where:ro", "-v", f"{games}:/game:ro")
    words = ("--rootfs", f"{root_of('bookworm')}:O", "/else/where/entrypoint.sh", "/game/static")
    with podman.container(*words, options=options) as container:
        container.wrote("serving the game at")
        assert container.run("/else/where/bin/arbitrium-agent", "--version").startswith("arb")


def test_licences_of_all_that_is_in_it_are_there(bundle: Path) -> None:
    found = {path.stem.partition("-")[0] for path in (bundle / "opt/agent/licences").iterdir()}
    assert {"arbitrium", "cpython", "openssl", "libffi", "zlib", "sqlite", "ca"} <= found
    assert {"aiohttp", "msgspec", "psutil", "grpclib", "pydantic"} <= found
