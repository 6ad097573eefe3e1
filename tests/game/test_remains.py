"""What engines and the kernel leave is found, if it is of this life."""

import os
from pathlib import Path

from agent import clock
from agent.core.crash import Find
from agent.game.remains import MOST_FINDS, Places, core_pattern, find

NEVER_THERE = Path("/nonexistent")


def leave(path: Path, size: int = 10, *, age: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    then = clock.wall() - age
    os.utime(path, (then, then))
    return path


def found(places: Places, pattern: str = "", temporary: Path = NEVER_THERE) -> set[Find]:
    return set(find(places, clock.wall() - 60, pattern, temporary))


def test_unreal_crash_folder_is_found_beside_the_game_and_above_its_binaries(
    tmp_path: Path,
) -> None:
    dump = tmp_path / "Shooter" / "Saved" / "Crashes" / "crashinfo-1"
    leave(dump / "CrashContext.runtime-xml", 100)
    leave(dump / "Diagnostics.txt", 50)
    wanted = {Find("unreal", str(dump), 150, 2)}
    assert found(Places(folder=str(tmp_path))) == wanted
    program = tmp_path / "Shooter" / "Binaries" / "Linux" / "ShooterServer"
    assert found(Places(path=str(program))) == wanted


def test_engines_leave_something_at_home_and_in_the_temporary_folder(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    paths = {
        "unreal": home / ".config/Epic/Shooter/Saved/Crashes/1",
        "unity": home / ".config/unity3d/Us/Shooter/Crashes/1",
        "godot": home / ".local/share/godot/app_userdata/Shooter/crash.log",
        "java": temporary / "hs_err_pid7.log",
        "minidump": temporary / "dumps/crash_20260101.dmp",
    }
    for path in paths.values():
        leave(path)
    seen = found(Places(home=str(home)), temporary=temporary)
    assert seen == {Find(kind, str(path), 10, 1) for kind, path in paths.items()}


def test_core_is_found_where_the_kernel_puts_it(tmp_path: Path) -> None:
    core = leave(tmp_path / "core.4711")
    assert found(Places(folder=str(tmp_path))) == {Find("core", str(core), 10, 1)}
    named = leave(tmp_path / "cores" / "dump-server-9")
    pattern = f"{tmp_path}/cores/dump-%e-%p"
    assert found(Places(), pattern) == {Find("core", str(named), 10, 1)}
    assert found(Places(), "|/usr/share/apport %p") == set()
    here = leave(tmp_path / "mine.9")
    assert Find("core", str(here), 10, 1) in found(Places(folder=str(tmp_path)), "mine.%p")


def test_what_is_old_or_a_link_does_not_count(tmp_path: Path) -> None:
    leave(tmp_path / "core.1", age=3600)
    (tmp_path / "Saved").mkdir()
    (tmp_path / "Saved" / "Crashes").mkdir()
    (tmp_path / "Saved" / "Crashes" / "away").symlink_to("/etc")
    assert found(Places(folder=str(tmp_path))) == set()


def test_number_of_finds_is_bounded(tmp_path: Path) -> None:
    for number in range(MOST_FINDS + 8):
        leave(tmp_path / f"core.{number}")
    assert len(found(Places(folder=str(tmp_path)))) == MOST_FINDS


def test_core_pattern_is_the_kernels_or_nothing(tmp_path: Path) -> None:
    assert core_pattern() == Path("/proc/sys/kernel/core_pattern").read_text().strip()
    assert core_pattern(tmp_path) == ""
