"""The game's own log files: followed through rotation, truncation, deletion, our own deaths."""

import os
import random
import select
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from agent.logs import gamefiles, tail
from agent.logs.recorder import Recorder
from agent.logs.spoolreader import SpoolReader
from agent.pid1.segments import Place
from tests.e2e.inside import GAMES

from .logged import BORN, MIB, Logged

DIARIST = GAMES / "diarist.py"


def test_what_is_appended_is_copied_once(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.look()
    logged.write(b"one\ntwo")
    logged.look()
    logged.look()
    logged.write(b" and more\n")
    logged.look()
    assert logged.read() == b"one\ntwo and more\n"
    assert logged.files.ends() == {"file:Game.log": 17}


def test_folder_that_appears_late_is_found(tmp_path: Path) -> None:
    logged = Logged(tmp_path, "*/Saved/Logs/*.log")
    logged.look()
    assert logged.files.folders() == set()
    (logged.game / "Shooter/Saved/Logs").mkdir(parents=True)
    logged.write(b"hi\n", "Shooter/Saved/Logs/Shooter.log")
    logged.look()
    assert logged.read("file:Shooter/Saved/Logs/Shooter.log") == b"hi\n"


def test_renamed_file_is_read_until_it_is_quiet_then_the_new_one(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"1\n")
    logged.look()
    with (logged.game / "Game.log").open("ab", buffering=0) as old:
        logged.rename("Game.log", "Game.log.1")
        logged.look()
        old.write(b"2\n")  # there is no new file: it may take long
        logged.look(500.0)
        logged.write(b"4\n")
        old.write(b"3\n")
        logged.look(0.1)
        assert logged.read() == b"1\n2\n3\n"
    logged.look(0.2)
    assert logged.read() == b"1\n2\n3\n4\n"
    assert logged.sources() == {"file:Game.log"}


@pytest.mark.parametrize("name", ["Game.log.{}", "Game-backup-{}.log"])
def test_files_that_were_renamed_between_two_looks_are_found_in_order(
    tmp_path: Path, name: str
) -> None:
    """What matches the pattern itself, as Unreal's backups do, does not come twice."""
    logged = Logged(tmp_path)
    logged.write(b"0\n")
    logged.look()
    for number in range(1, 5):
        logged.rename("Game.log", name.format(number))
        time.sleep(0.01)  # a file system's clock ticks each 4 ms
        logged.write(b"%d\n" % number)
    logged.look()
    logged.look()
    assert logged.read() == b"0\n1\n2\n3\n4\n"
    assert logged.sources() == {"file:Game.log"}


def test_line_without_an_end_is_not_joined_to_another_files_first(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"killed in mid-li")
    logged.look()
    logged.rename("Game.log", "Game.log.1")
    logged.write(b"new\n")
    logged.look()
    logged.look()
    assert logged.read() == b"killed in mid-li\nnew\n"


def test_vector_23076_file_that_was_cut_is_read_from_its_start(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"a long line from before\n")
    logged.look()
    shutil.copy(logged.game / "Game.log", logged.game / "Game.log.1")
    os.truncate(logged.game / "Game.log", 0)
    logged.write(b"new\n")
    logged.look()
    assert logged.read() == b"a long line from before\nnew\n"
    assert logged.files.counters()["files_truncated"] == 1
    assert logged.sources() == {"file:Game.log"}


@pytest.mark.parametrize("banner", [b"", b"Initialize engine version: 2022.3\n" * 100])
def test_file_that_was_cut_and_has_outgrown_its_former_self_is_read_from_its_start(
    tmp_path: Path, banner: bytes
) -> None:
    """Unity cuts Player.log at its start, and begins it with the same kilobytes."""
    logged = Logged(tmp_path)
    logged.write(banner + b"before\n")
    logged.look()
    os.truncate(logged.game / "Game.log", 0)
    logged.write(banner + b"after it was cut, and longer\n")
    logged.look()
    assert logged.read() == banner + b"before\n" + banner + b"after it was cut, and longer\n"


def test_deleted_file_is_read_while_it_is_open(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"1\n")
    logged.look()
    with (logged.game / "Game.log").open("ab", buffering=0) as old:
        (logged.game / "Game.log").unlink()
        old.write(b"2\n")
        logged.look()
        old.write(b"3\n")
        logged.look(30.0)
    assert logged.read() == b"1\n2\n3\n"
    assert logged.files.counters()["files_followed"] == 1
    logged.look(60.0)
    assert logged.files.counters()["files_followed"] == 0


def test_inode_that_is_used_again_is_another_file(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"the first life, long enough\n")
    logged.look()
    (logged.game / "Game.log").unlink()
    logged.look(61.0)
    logged.look(61.0)  # it is let go of, so the inode is free
    logged.write(b"the second\n")
    logged.look()
    assert logged.read() == b"the first life, long enough\nthe second\n"


@pytest.mark.parametrize("seed", range(8))
def test_not_a_line_is_lost_or_doubled_whatever_turns_and_dies(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    logged = Logged(tmp_path)
    lines = [b"%d %s\n" % (number, b"x" * chance.randrange(300)) for number in range(1500)]
    for number, line in enumerate(lines):
        cut = chance.randrange(len(line))
        logged.write(line[:cut])
        if chance.random() < 0.05:
            logged.look(chance.choice([0.05, 0.1, 1.0]))
        logged.write(line[cut:])
        if number % 50 == 49:
            for old in range(60, 0, -1):
                if (logged.game / f"Game.log.{old}").exists():
                    logged.rename(f"Game.log.{old}", f"Game.log.{old + 1}")
            time.sleep(0.005)  # times of files tell which one was the older
            logged.rename("Game.log", "Game.log.1")
        if chance.random() < 0.02:
            logged.restart()
    logged.look(final=True)
    assert logged.read() == b"".join(lines)


def test_names_that_move_while_they_are_listed_lose_nothing(tmp_path: Path) -> None:
    logged = Logged(tmp_path, "logs/*.log")
    environ = {"DIARIST_LINES": "10000", "DIARIST_EVERY": "100", "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        ["python3", str(DIARIST)], env=environ, cwd=logged.game, stdout=subprocess.PIPE
    ) as game:
        assert game.stdout is not None
        poller = select.poll()
        poller.register(game.stdout, select.POLLIN)
        while not poller.poll(0):
            logged.look(0.05)
            if random.random() < 0.1:
                logged.restart()
        game.terminate()
    logged.look(final=True)
    found = logged.read("file:logs/Game.log").splitlines()
    assert sorted(found) == sorted([
        *(b"line %08d of the diary" % number for number in range(10_000)), b"goodbye",
    ])  # fmt: skip


def test_successor_goes_on_where_we_were_killed_in_the_midst_of_a_file(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"x" * 2000 + b"\n")
    logged.look()
    logged.write(b"more\n")
    logged.restart()
    logged.look()
    assert logged.read() == b"x" * 2000 + b"\nmore\n"


@pytest.mark.parametrize("cut", ["emptied", "replaced", "gone"])
def test_successor_sees_what_became_of_a_file_meanwhile(tmp_path: Path, cut: str) -> None:
    logged = Logged(tmp_path)
    logged.write(b"before\n")
    logged.look()
    if cut == "emptied":
        os.truncate(logged.game / "Game.log", 0)
    else:
        (logged.game / "Game.log").unlink()
    if cut == "replaced":
        (logged.game / "other").write_bytes(b"")
    logged.restart()
    if cut == "gone":
        logged.look()
        assert logged.files.counters()["files_followed"] == 0
    logged.write(b"after\n")
    logged.look()
    assert logged.read() == b"before\nafter\n"


def test_successor_of_one_that_was_killed_before_the_newline_adds_it(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"partial")
    logged.look()
    recorder = Recorder(Place(str(logged.spool), MIB), "file:Game.log")
    last = recorder.origins[-1]
    recorder.note(last._replace(at=recorder.next_line, offset=0, inode=1))
    logged.restart()
    logged.write(b"!\n")
    logged.look()
    assert logged.read().startswith(b"partial\n")


def test_torn_segments_and_books_are_mended(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"one\n")
    logged.look()
    (logged.spool / "file=3AGame.log-2.log").touch()  # killed before its index was there
    with (logged.spool / "file=3AGame.log.origins").open("ab") as book:
        book.write(b'[5,{"half":')
    (logged.spool / "file=3Aother.origins").write_bytes(b"nonsense\n")
    logged.restart()
    logged.write(b"two\n")
    logged.look()
    assert logged.read() == b"one\ntwo\n"


def test_lines_of_another_life_are_not_of_this_one(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"old\n", mtime=BORN - 500.0)
    logged.write(b"older\n", "Game.log.1", mtime=BORN - 900.0)
    logged.look()
    logged.write(b"new\n")
    logged.look()
    assert logged.read() == b"new\n"


def test_rotation_before_the_first_look_is_found(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"1\n", "Game.log.1", mtime=BORN + 1.0)
    logged.write(b"2\n", mtime=BORN + 2.0)
    logged.look()
    logged.look()
    assert logged.read() == b"1\n2\n"


def test_links_lead_to_one_log_of_one_name(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    logged.write(b"1\n", "2026-01-01.log")
    (logged.game / "latest.log").symlink_to("2026-01-01.log")
    os.link(logged.game / "2026-01-01.log", logged.game / "hard-link.log")
    logged.look()
    logged.write(b"2\n", "latest.log")
    logged.look()
    assert logged.sources() == {"file:latest.log"}
    assert logged.read("file:latest.log") == b"1\n2\n"
    logged.write(b"3\n", "2026-01-02.log")
    (logged.game / "latest.log").unlink()
    (logged.game / "latest.log").symlink_to("2026-01-02.log")
    logged.look()
    logged.look()
    everything = b"".join(logged.read(each) for each in sorted(logged.sources()))
    assert sorted(everything.split()) == [b"1", b"2", b"3"]


def test_what_is_no_regular_file_is_left_alone(tmp_path: Path) -> None:
    """Opening a FIFO for reading would free its writer, and kill it when we leave."""
    logged = Logged(tmp_path, "*")
    os.mkfifo(logged.game / "fifo.log")
    (logged.game / "folder.log").mkdir()
    (logged.game / "device.log").symlink_to("/dev/zero")
    (logged.game / "nowhere.log").symlink_to("none")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(logged.game / "socket.log"))
        logged.look()
    with pytest.raises(OSError, match="No such device"):
        os.open(logged.game / "fifo.log", os.O_WRONLY | os.O_NONBLOCK)
    assert logged.sources() == set()
    assert {Path(path).stem for path in logged.files.refused} == {
        *("fifo", "folder", "device", "nowhere", "socket")
    }


def test_game_of_another_user_gets_nothing_read_that_it_could_not_read(tmp_path: Path) -> None:
    """Else a link in its log folder would send root's secrets to the store, for it to see."""
    logged = Logged(tmp_path)
    logged.reader = os.getuid() + 1
    logged.restart()
    (tmp_path / "shadow").write_bytes(b"secret\n")
    (tmp_path / "shadow").chmod(0o640)
    (logged.game / "Game.log").symlink_to(tmp_path / "shadow")
    logged.write(b"for all\n", "other.log")
    logged.look()
    assert logged.sources() == {"file:other.log"}
    (tmp_path / "shadow").chmod(0o644)
    logged.look()
    assert logged.read() == b"secret\n"


def test_file_that_is_not_ours_to_read_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    logged = Logged(tmp_path)
    logged.write(b"hidden\n")
    with monkeypatch.context() as patch:
        patch.setattr(tail, "open_generation", refuse)
        logged.look()
        logged.look()
    assert caplog.text.count("Permission denied") == 1
    logged.look()
    assert logged.read() == b"hidden\n"
    assert logged.files.refused == {}


def test_too_many_files_are_refused_until_some_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gamefiles, "MOST_FILES", 2)
    logged = Logged(tmp_path)
    for name in "abc":
        logged.write(b"1\n", f"{name}.log")
    logged.look()
    assert logged.sources() == {"file:a.log", "file:b.log"}
    assert "narrower pattern" in logged.files.refused[str(logged.game / "c.log")]
    logged.look(60.0)
    assert logged.sources() == {"file:a.log", "file:b.log", "file:c.log"}
    assert logged.files.refused == {}


def test_store_that_is_down_makes_the_game_s_file_wait_nothing_is_dropped(tmp_path: Path) -> None:
    logged = Logged(tmp_path, limit=4 * MIB)
    text = b"".join(b"line %d\n" % number for number in range(1_000_000))
    logged.write(text)
    logged.look()
    taken = logged.read()
    assert 3 * MIB < len(taken) <= 4 * MIB
    assert logged.files.counters()["files_unread_bytes"] == len(text) - len(taken)
    shipped: dict[int, bytes] = {}
    while sum(map(len, shipped.values())) < len(text):
        reader = SpoolReader(logged.spool)
        for piece in filter(lambda each: each.is_sealed, reader.pieces()):
            shipped[piece.start] = reader.read(piece, piece.start, piece.end)
            assert logged.files.release(piece.source, piece.seq)
        logged.look()
        logged.files.seal()
    assert b"".join(shipped.values()) == text
    assert logged.read() == shipped[max(shipped)]  # the newest stay for people to read
    assert not logged.files.release("stdout", 1)


def test_without_a_sink_the_newest_lines_are_kept(tmp_path: Path) -> None:
    logged = Logged(tmp_path, limit=4 * MIB, keeps=False)
    for number in range(20):
        logged.write(b"%d" % number * MIB + b"\n")
        logged.look()
    assert logged.read().endswith(b"19\n")
    assert MIB < len(logged.read()) <= 4 * MIB


def test_disk_that_takes_nothing_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logged = Logged(tmp_path)
    logged.write(b"1\n")
    with monkeypatch.context() as patch:

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        patch.setattr(Recorder, "append", full)
        logged.look()
    assert "No space left" in caplog.text
    logged.look()
    assert logged.read() == b"1\n"
