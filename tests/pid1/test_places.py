"""Where the spool lives, how much it may fill."""

import os
import posix
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.pid1 import places
from agent.pid1.spool import open_spool
from tests.pid1.disks import Freezer
from tests.pid1.spooling import KIB
from tests.tools import need


def test_the_folder_is_our_own_and_goes_with_us(tmp_path: Path) -> None:
    spool = open_spool(str(tmp_path / "a" / "b"), 1 << 20)
    folder = Path(spool.folder)
    assert folder.parent == tmp_path / "a" / "b"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    spool.stream("stdout").append(memoryview(b"x\n"))
    spool.discard()
    assert not folder.exists()
    spool.discard()  # twice does no harm


def test_two_boots_never_share_a_folder(tmp_path: Path) -> None:
    assert open_spool(str(tmp_path), 1).folder != open_spool(str(tmp_path), 1).folder


@pytest.mark.parametrize("below", ["", "/folder"])
def test_a_refused_place_is_told_and_another_taken(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spool = open_spool(f"{tmp_path}/file{below}", 1 << 20)
    assert spool.folder.startswith("/var/tmp/arbitrium-agent-")
    [notice] = spool.notices
    assert notice == (
        f"cannot keep the spool in {tmp_path}/file{below}: Not a directory; "
        "set AGENT_SPOOL_DIR to a folder that we may write to"
    )
    spool.discard()


def test_without_any_folder_memory_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(posix, "mkdir", refuse)
    spool = open_spool("", 64 << 20)
    assert spool.folder == ""
    assert spool.places[0].limit <= 16 << 20
    assert spool.notices == ["no folder is writable: the spool is kept in memory"]


def test_where_the_root_is_read_only_a_folder_in_shared_memory_is_left() -> None:
    """Lines in a folder can be shipped; those in PID 1's own memory nobody else can read."""
    find = (
        "import sys; sys.path.insert(0, sys.argv[1]); from agent.pid1 import places; "
        "folder, _ = places.make_folder(''); print(folder, places.is_memory(folder)); "
        "import os; os.rmdir(folder)"
    )
    ro = 'for place in / /tmp /var/tmp; do mount -o bind "$place" "$place" && '
    ro += 'mount -o remount,bind,ro "$place"; done; cd /; exec "$@"'
    root = str(Path(__file__).parents[2])
    command = ["unshare", "--mount", "sh", "-c", ro, "sh", sys.executable, "-I", "-c", find, root]
    need("unshare", package="root with CAP_SYS_ADMIN", there=os.geteuid() == 0)
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    folder, is_memory = answer.stdout.split()
    assert folder.startswith("/dev/shm/arbitrium-agent-")
    assert is_memory == "True"


def test_only_a_mounted_volume_is_guarded(tmp_path: Path, freezer: Freezer) -> None:
    assert places.may_hang(str(freezer.place))
    assert not places.may_hang("/dev/shm")
    assert not places.may_hang("/")
    assert not places.may_hang(str(tmp_path / "missing"))


def test_the_temporary_folder_comes_before_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = posix.mkdir

    def refuse(path: str, mode: int) -> None:
        if path.startswith("/var/tmp"):
            raise OSError(30, "Read-only file system")
        real(path, mode)

    monkeypatch.setattr(posix, "mkdir", refuse)
    monkeypatch.setitem(posix.environ, b"TMPDIR", os.fsencode(tmp_path))
    folder, notices = places.make_folder("")
    assert Path(folder).parent == tmp_path
    assert notices == []


def test_memory_backed_places_get_a_small_share(tiny: Path) -> None:
    assert places.is_memory(str(tiny))
    assert not places.is_memory(str(tiny / "missing"))
    assert places.bound(str(tiny), 64 << 20) == places.memory_bound() <= 16 << 20


def test_a_place_that_no_mount_explains_is_a_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_read", lambda _: "36 35 98:0 / / rw - ext4 /dev/vda rw\n")
    assert not places.is_memory(str(tmp_path))


def test_a_file_that_cannot_be_read_is_as_good_as_none() -> None:
    assert places._read("/proc/self/mem") == places._read("/missing") == ""


def test_a_disk_gives_at_most_half_of_what_is_free(tmp_path: Path) -> None:
    if places.is_memory(str(tmp_path)):
        pytest.skip("the temporary folder lies in memory")
    disk = os.statvfs(tmp_path)
    assert places.bound(str(tmp_path), 1 << 20) == 1 << 20
    assert places.bound(str(tmp_path), 1 << 60) <= disk.f_blocks * disk.f_frsize // 2
    assert places.bound(str(tmp_path / "missing"), 123) == 123


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"/proc/self/cgroup": "0::/mine\n", "/sys/fs/cgroup/mine/memory.max": "1000"}, 1000),
        ({"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "2000\n"}, 2000),
        ({"/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000\n"}, 3000),
        ({"/sys/fs/cgroup/memory.max": "max\n"}, None),
    ],
)
def test_memory_limit_is_the_containers(
    files: dict[str, str], limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_read", lambda path: files.get(path, ""))
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert places.memory_limit() == (limit or machine)
    assert places.memory_bound() >= 256 * KIB
