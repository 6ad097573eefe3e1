"""The pumps that tests ask for by name."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pid1.disks import Freezer
from tests.pid1.pumping import Rig, Threaded
from tests.tools import need


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def threaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Threaded]:
    rig = Threaded(tmp_path, monkeypatch)
    yield rig
    rig.close()


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Mount 1 MiB of tmpfs."""
    place = tmp_path / "tiny"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=64", "none", str(place)]
    mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    need("mount", package="root with CAP_SYS_ADMIN", there=mounted)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def freezer(tmp_path: Path) -> Iterator[Freezer]:
    """Mount 16 MiB of ext4 that can be frozen."""
    freezer = Freezer(tmp_path)
    need("mount", package="root with loop devices", there=freezer.mount())
    yield freezer
    freezer.unmount()
