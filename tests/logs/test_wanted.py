"""Which files of the game are asked for."""

from pathlib import Path

import pytest

from agent.logs.spoolreader import source_of, stem
from agent.logs.wanted import turned, wanted


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(folder: Path, items: tuple[str, ...], preset: str = "plain") -> list[str]:
    asked = wanted(items, preset, str(folder / "game"), str(folder / "home"))
    return [asked.label(path).removeprefix("file:") for path in asked.paths()]


@pytest.mark.parametrize(
    ("preset", "file", "label"),
    [
        ("unreal", "game/Shooter/Saved/Logs/Shooter.log", "Shooter/Saved/Logs/Shooter.log"),
        ("unity", "home/.config/unity3d/Acme/Shooter/Player.log", None),
        ("godot", "home/.local/share/godot/app_userdata/Shooter/logs/godot.log", None),
        ("java", "game/logs/latest.log", "logs/latest.log"),
        ("java", "game/hs_err_pid7.log", "hs_err_pid7.log"),
        ("python", "game/server.log", "server.log"),
    ],
)
def test_auto_finds_where_an_engine_writes(
    tmp_path: Path, preset: str, file: str, label: str | None
) -> None:
    touch(tmp_path, file, "game/other.txt")
    found = names(tmp_path, ("auto",), preset)
    assert len(found) == 1
    assert label is None or found == [label]
    assert names(tmp_path, ("auto",)) == found  # without a preset, all engines' places


def test_patterns_begin_at_the_games_folder_or_its_home(tmp_path: Path) -> None:
    touch(tmp_path, "game/a[1]/x.log", "game/deep/er/y.log", "home/z.log", "elsewhere/w.log")
    assert names(tmp_path, ("**/*.log",)) == ["a[1]/x.log", "deep/er/y.log"]
    elsewhere = str(tmp_path / "elsewhere/*.log")
    assert names(tmp_path, ("~/*.log", elsewhere)) == [
        str(tmp_path / "home/z.log"),
        str(tmp_path / "elsewhere/w.log"),
    ]
    assert wanted(("~/*.log",), "plain", "/game", "").patterns == ()


def test_what_is_packed_or_ours_is_no_log_of_the_games(tmp_path: Path) -> None:
    touch(tmp_path, "game/a.log", "game/a.log.1.gz", "game/arbitrium-agent-1f-7/stdout-1.log")
    touch(tmp_path, "game/sink/b.log")
    asked = wanted(
        ("**/*.log*",), "plain", str(tmp_path / "game"), "", (str(tmp_path / "game/sink"),)
    )
    assert asked.paths() == [str(tmp_path / "game/a.log")]


def test_folders_to_watch_are_those_of_the_patterns(tmp_path: Path) -> None:
    touch(tmp_path, "game/a/Saved/Logs/x.log", "game/b/Saved/Logs/y.log")
    asked = wanted(("*/Saved/Logs/*.log", "none/*.log"), "plain", str(tmp_path / "game"), "")
    assert asked.folders() == {str(tmp_path / f"game/{each}/Saved/Logs") for each in "ab"}
    assert wanted(("*.log",), "plain", "/", "").folders() == {"/"}


@pytest.mark.parametrize(
    ("log", "before", "others"),
    [
        ("Game.log", ["Game.log.1", "Game.log-20260101", "Game.1.log"], ["Game-chat.log"]),
        ("Shooter.log", ["Shooter-backup-2026.01.01-10.00.00.log"], ["Shooter.log.2.gz"]),
        ("Player.log", ["Player-prev.log"], ["Player.txt"]),
        ("log", ["log.1", "log.old"], ["logs"]),
    ],
)
def test_names_tell_what_was_a_log_before(
    tmp_path: Path, log: str, before: list[str], others: list[str]
) -> None:
    touch(tmp_path, log, *before, *others)
    assert {Path(path).name for path in turned(str(tmp_path / log))} == set(before)
    assert turned(str(tmp_path / "none" / log)) == {}


def test_long_names_become_short_sources_of_their_own(tmp_path: Path) -> None:
    asked = wanted(("*",), "plain", str(tmp_path), "")
    one, other = (asked.label(f"{tmp_path}/{each}/{'x' * 200}.log") for each in "ab")
    assert one != other
    assert one.endswith("x.log")
    assert len(stem(one)) < 200


@pytest.mark.parametrize("source", ["stdout", "file:a b/é-1.log", "file:=3A", "file:\udcff"])
def test_a_sources_files_tell_its_name(source: str) -> None:
    assert source_of(stem(source)) == source
    assert stem(source).isascii()
